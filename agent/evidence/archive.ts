import { rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, messageOf } from "../../errors.js";
import { makeFolders } from "../../replace-file.js";
import { inTurns } from "../kit/serial.js";

/** What is kept for one alert: a file, or a folder of them. */
export interface Item {
  /** `<kind>/<id>`. */
  readonly key: string;
  /** Of the alert, or a part's name in the form of one. */
  readonly id: string;
  /** When that was, epoch milliseconds: a part's name does not hold it. */
  readonly stampMs: number;
  readonly path: string;
  /** See `onDisk`. */
  readonly bytes: number;
}

/** Why something was not kept. */
export type KeepFailure = "busy" | "quota" | "disk-full" | "disk" | "stopped";

export type Kept =
  | { readonly kept: true }
  | { readonly kept: false; readonly reason: KeepFailure; readonly message: string };

export type Removal = "age" | "quota" | "disk-full";

export interface ArchiveHealth {
  readonly items: number;
  readonly mb: number;
  /** Given up since the start, the oldest first, by reason. */
  readonly removed: Readonly<Record<Removal, number>>;
}

export interface ArchiveOptions {
  /** On the file system whose room counts. */
  readonly root: string;
  readonly maxBytes: number;
  readonly keepMs: number;
  /** How long ago something was that has this timestamp, epoch milliseconds. */
  readonly ageMs: (stampMs: number) => number;
  readonly space?: (path: string) => Promise<Space>;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Writes that may wait at once, each with its bytes in memory. */
const MAX_WAITING = 16;
/** Free space that evidence leaves to what outranks it, above all the outbox: this, or a twentieth of a small disk. */
const RESERVE_BYTES = 64 * 1_048_576;
const RESERVE_SHARE = 0.05;
/** The unit in which file systems give out room. */
const BLOCK_BYTES = 4_096;

/**
 * The account of what evidence takes on disk: bounded in bytes and age, and the first to give way when the disk fills up.
 * The oldest goes first. One change at a time, so that none sees another's half.
 */
export class Archive {
  readonly #options: ArchiveOptions;
  readonly #items = new Map<string, Item>();
  readonly #removed: Record<Removal, number> = { age: 0, quota: 0, "disk-full": 0 };
  #bytes = 0;
  #waiting = 0;
  readonly #inTurn = inTurns();

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  /**
   * Takes what an earlier run left into the account, before what came since, and gives up what is too much or too old.
   * @param left reads it, while nothing is written @throws what it throws: then nothing is taken
   */
  async adopt(left: () => Promise<readonly Item[]>): Promise<void> {
    await this.#inTurn(async () => {
      const { ageMs } = this.#options;
      const since = new Map(this.#items);
      const items = (await left()).filter(({ key }) => !since.has(key));
      // Not by id alone: a clock that was ahead has stamped ids that would stay the newest for ever.
      const aged = items.map((item) => ({ item, ageMs: ageMs(item.stampMs) }));
      aged.sort((a, b) => b.ageMs - a.ageMs || (a.item.id < b.item.id ? -1 : 1));
      for (const key of since.keys()) this.#forget(key);
      for (const item of [...aged.map(({ item }) => item), ...since.values()]) this.#account(item);
    });
    await this.tend();
  }

  at(key: string): Item | undefined {
    return this.#items.get(key);
  }

  /**
   * Never rejects. @param place puts the item at its path, whole or not at all; the folder that holds it is there
   */
  put(item: Item, place: () => Promise<void>): Promise<Kept> {
    if (this.#waiting >= MAX_WAITING) return Promise.resolve(notKept("busy", `${MAX_WAITING} wait to be written`));
    this.#waiting += 1;
    return this.#inTurn(async () => {
      this.#waiting -= 1;
      try {
        return await this.#put(item, place);
      } catch (error) {
        return notKept(isFull(error) ? "disk-full" : "disk", messageOf(error));
      }
    });
  }

  /**
   * Takes an item out of the account; `move` brings its files elsewhere. False when it is not there any more.
   * Rejects when `move` does: it then stays.
   */
  release(key: string, move: (item: Item) => Promise<void>): Promise<boolean> {
    return this.#inTurn(async () => {
      const item = this.#items.get(key);
      if (item === undefined) return false;
      await move(item);
      this.#forget(key);
      return true;
    });
  }

  /** Gives up what is too old, and what the disk cannot spare; to be called now and then. @throws why something cannot be removed */
  tend(): Promise<void> {
    return this.#inTurn(async () => {
      const { maxBytes, keepMs, ageMs } = this.#options;
      const isYoung = (oldest: Item | undefined): boolean => oldest === undefined || ageMs(oldest.stampMs) <= keepMs;
      await this.#giveUp("age", isYoung);
      await this.#makeRoom(0, maxBytes);
    });
  }

  /** Resolves when every change that was asked for is made. */
  settled(): Promise<void> {
    return this.#inTurn(() => undefined);
  }

  health(): ArchiveHealth {
    const mb = Math.round(this.#bytes / 104_857.6) / 10;
    return { items: this.#items.size, mb, removed: { ...this.#removed } };
  }

  async #put(item: Item, place: () => Promise<void>): Promise<Kept> {
    const { bytes } = item;
    if (bytes > this.#options.maxBytes) return notKept("quota", `${bytes} bytes are more than all may take`);
    const replaced = this.#items.get(item.key)?.bytes ?? 0;
    if (!(await this.#makeRoom(bytes, this.#options.maxBytes + replaced))) {
      return notKept("disk-full", "the disk is nearly full");
    }
    await makeFolders(dirname(item.path), { mode: 0o700 });
    await place();
    this.#account(item);
    return { kept: true };
  }

  /** Whether there is room now. */
  async #makeRoom(bytes: number, maxBytes: number): Promise<boolean> {
    await this.#giveUp("quota", () => this.#bytes + bytes <= maxBytes);
    return this.#giveUp("disk-full", async () => {
      const { freeBytes, totalBytes } = await (this.#options.space ?? spaceAt)(this.#options.root);
      return freeBytes - bytes >= Math.min(RESERVE_BYTES, RESERVE_SHARE * totalBytes);
    });
  }

  /**
   * Gives up the oldest until it is enough. What cannot be removed stays in the account, to be tried again: those behind it go.
   * @param isEnough asked before each, with it, and once more at the end
   * @returns whether it is enough @throws why something could not be removed, where it is not
   */
  async #giveUp(why: Removal, isEnough: (oldest: Item | undefined) => boolean | Promise<boolean>): Promise<boolean> {
    let fault: unknown = null;
    for (const item of [...this.#items.values()]) {
      if (await isEnough(item)) return true;
      try {
        await rm(item.path, { recursive: true, force: true });
        this.#forget(item.key);
        this.#removed[why] += 1;
      } catch (error) {
        // Then nothing behind it can be removed, either.
        if (errnoOf(error) === "EROFS") throw error;
        fault ??= error;
      }
    }
    const [oldest] = this.#items.values();
    if (await isEnough(oldest)) return true;
    if (fault !== null) throw fault;
    return false;
  }

  #account(item: Item): void {
    this.#bytes += item.bytes - (this.#items.get(item.key)?.bytes ?? 0);
    this.#items.set(item.key, item);
  }

  #forget(key: string): void {
    this.#bytes -= this.#items.get(key)?.bytes ?? 0;
    this.#items.delete(key);
  }
}

/** What a file of so many bytes takes. */
export function onDisk(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

async function spaceAt(path: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

function notKept(reason: KeepFailure, message: string): Kept {
  return { kept: false, reason, message };
}
