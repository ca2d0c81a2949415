import { chmod, readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CodedError } from "../../errors.js";
import { makeFolder } from "../../replace-file.js";
import { DamageList } from "./damage-list.js";
import { causeOf, coded, isCorrupt, isFull, storeError } from "./faults.js";
import { inspectFolder } from "./inspect.js";
import { createLevel, type Level, openLevel, refuseLocked, sealed, WRITE_BUFFER_BYTES } from "./leveldb.js";
import { unseal } from "./record.js";
import { Reserve } from "./reserve.js";
import { finishSalvage, salvage } from "./salvage.js";
import { type SealedEntry, Snapshot } from "./snapshot.js";
import type { Damage, Entry, KeyRange, Store, StoreHealth, StoreOp } from "./store.js";

export interface LevelStoreOptions {
  /** Space to hold back for the day that the disk is full; 0 for none. */
  readonly reserveBytes?: number;
  /** Called for each damage once, and for a disk that became full. */
  readonly onTrouble?: (trouble: CodedError) => void;
}

const PAGE_ENTRIES = 256;
const PAGE_BYTES = 1_048_576;

/**
 * A store on LevelDB: checked before use, salvaged when damaged, its disk allowed to be full. Where the disk is so full that LevelDB
 * cannot even open, what the store holds can be read, and it takes nothing until `makeRoom` finds room.
 * @throws CodedError STORE_LOCKED (another process has it), STORE_FULL (and there is no store yet), STORE_UNUSABLE
 */
export async function openLevelStore(folder: string, options: LevelStoreOptions = {}): Promise<Store> {
  const store = new LevelStore(folder, options);
  await store.open();
  return store;
}

class LevelStore implements Store {
  readonly #folder: string;
  readonly #reserve: Reserve;
  readonly #onTrouble: (trouble: CodedError) => void;
  readonly #damage = new DamageList();
  #level: Level | null = null;
  /** What can be read while LevelDB finds no room to open. */
  #snapshot: Snapshot | null = null;
  /** The error after which LevelDB must not write on: its log would be read only up to the write that failed half-way. */
  #stuck: CodedError | null = null;
  #full = false;
  #closed = false;
  #mending: Promise<void> | null = null;
  #makingRoom: Promise<boolean> | null = null;

  constructor(folder: string, { reserveBytes = 16_777_216, onTrouble }: LevelStoreOptions) {
    this.#folder = folder;
    this.#reserve = new Reserve(`${folder}.reserve`, reserveBytes);
    this.#onTrouble = onTrouble ?? (() => undefined);
  }

  async open(): Promise<void> {
    try {
      await makeFolder(dirname(this.#folder), { mode: 0o700 });
      await finishSalvage(this.#folder);
      await this.#openOrRead();
      if (this.#stuck !== null && (await this.#reserve.release())) await this.#openOrRead();
    } catch (error) {
      throw coded(error, this.#folder, "STORE_UNUSABLE");
    }
    if (this.#stuck !== null) this.#becomeFull(this.#stuck);
    else if (!(await this.#reserve.take())) {
      this.#becomeFull(storeError("STORE_FULL", "there is no room for a reserve", this.#folder));
    }
  }

  async get(key: string): Promise<Uint8Array | null> {
    for await (const entry of this.entries({ from: key, limit: 1 })) if (entry.key === key) return entry.value;
    return null;
  }

  /** Reads a page at a time, each from where the last one ended: mending may put another LevelDB in place between two. */
  async *entries(range: KeyRange = {}): AsyncIterable<Entry> {
    let rest = range;
    for (;;) {
      const { sealed, ended } = await this.#page(rest);
      let intactOnes = 0;
      for (const [key, value] of sealed) {
        const intact = unseal(key, value);
        if (intact === null) this.#reportDamage({ kind: "record", count: 1, what: [key] });
        else {
          intactOnes += 1;
          yield { key, value: intact };
        }
      }
      if (ended) return;
      const last = sealed.at(-1)![0];
      const limit = rest.limit === undefined ? {} : { limit: rest.limit - intactOnes };
      rest = { ...rest, ...limit, ...(range.reverse === true ? { to: last } : { from: `${last}\0` }) };
    }
  }

  async batch(ops: readonly StoreOp[], { sync = false }: { readonly sync?: boolean } = {}): Promise<void> {
    if (ops.length === 0) return;
    await this.#mending;
    const level = this.#ready();
    if (this.#stuck !== null) throw this.#stuck;
    try {
      await level.batch(ops.map(sealed), { sync });
    } catch (error) {
      await this.#mend(error, level);
      // The batch may be in the log as a whole, though LevelDB answered with an error.
      if (this.#stuck === null && (await this.#holds(ops))) return;
      throw coded(error, this.#folder);
    }
  }

  async bytes(): Promise<number> {
    const names = await readdir(this.#folder);
    const sizes = names.map(async (name) => (await stat(join(this.#folder, name)).catch(() => null))?.size ?? 0);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  health(): StoreHealth {
    return { full: this.#full || this.#stuck !== null, damage: this.#damage.list() };
  }

  makeRoom(): Promise<boolean> {
    this.#makingRoom ??= this.#makeRoom().finally(() => {
      this.#makingRoom = null;
    });
    return this.#makingRoom;
  }

  async #makeRoom(): Promise<boolean> {
    await this.#mending;
    if (this.#stuck !== null && (await freeBytes(this.#folder)) >= 4 * WRITE_BUFFER_BYTES) {
      await this.#exclusively(() => this.#reopen(false));
    }
    if (this.#stuck !== null) return false;
    const level = this.#ready();
    try {
      await level.compactRange("", "\uffff");
    } catch (error) {
      await this.#mend(error, level);
      return false;
    }
    if (this.#closed) return false;
    this.#full = !(await this.#reserve.take());
    return !this.#full;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#mending;
    await this.#makingRoom?.catch(() => false);
    await this.#level?.close();
    this.#level = null;
    this.#snapshot = null;
  }

  async #page(range: KeyRange): Promise<{ sealed: [string, Uint8Array][]; ended: boolean }> {
    const wanted = Math.min(PAGE_ENTRIES, range.limit ?? PAGE_ENTRIES);
    if (wanted <= 0) return { sealed: [], ended: true };
    const { from, to, reverse = false } = range;
    const bounds = { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) };
    let level: Level | null = null;
    const read = async (): Promise<SealedEntry[]> => {
      await this.#mending;
      if (this.#snapshot !== null && !this.#closed) return this.#snapshot.page(range, wanted);
      level = this.#ready();
      const iterator = level.iterator({ ...bounds, reverse, highWaterMarkBytes: PAGE_BYTES });
      try {
        return await iterator.nextv(wanted);
      } finally {
        await iterator.close();
      }
    };
    try {
      const sealed = await read().catch(async (error: unknown) => {
        await this.#mend(error, level);
        return read();
      });
      const bytes = sealed.reduce((sum, [, value]) => sum + value.length, 0);
      // LevelDB hands over fewer than were asked for when they are large.
      return { sealed, ended: sealed.length === 0 || (sealed.length < wanted && bytes < PAGE_BYTES / 2) };
    } catch (error) {
      throw coded(error, this.#folder);
    }
  }

  #ready(): Level {
    if (this.#closed) throw storeError("STORE_CLOSED", "the store is closed", this.#folder);
    if (this.#level === null) throw this.#stuck ?? storeError("STORE_FAILED", "the store is not open", this.#folder);
    return this.#level;
  }

  /** Mends what can be mended after a fault of that LevelDB; `#stuck` says whether it helped. */
  async #mend(error: unknown, level: Level | null): Promise<void> {
    await this.#mending;
    // Somebody else met the same fault, and mended it.
    if (this.#closed || this.#level !== level) return;
    await this.#exclusively(async () => {
      // A read that fails for another reason than damage leaves nothing to mend.
      if (isCorrupt(error)) return this.#reopen(true);
      this.#stuck = coded(error, this.#folder);
      if (!isFull(error)) return;
      const released = await this.#reserve.release();
      this.#becomeFull(this.#stuck);
      // Without space to open it again it is better left open: what it holds can be read.
      if (released) await this.#reopen(false);
    });
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    this.#mending ??= work().finally(() => {
      this.#mending = null;
    });
    await this.#mending;
  }

  /** @param suspect whether the files are to be read through: seconds where there is much */
  async #reopen(suspect: boolean): Promise<void> {
    await this.#level?.close();
    this.#level = null;
    try {
      await this.#openOrRead(suspect);
    } catch (error) {
      this.#stuck = coded(error, this.#folder);
    }
  }

  /** Opens LevelDB, or reads its files where the disk is too full for that: `#stuck` says which. */
  async #openOrRead(suspect = true): Promise<void> {
    try {
      await this.#openLevel(suspect);
      this.#snapshot = null;
      this.#stuck = null;
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#snapshot ??= await Snapshot.of(this.#folder).catch(() => {
        throw error;
      });
      this.#stuck = coded(error, this.#folder);
    }
  }

  async #openLevel(suspect: boolean): Promise<void> {
    await makeFolder(this.#folder, { mode: 0o700 });
    await chmod(this.#folder, 0o700);
    const damage = suspect ? await inspectFolder(this.#folder) : [];
    if (damage.length === 0) {
      try {
        this.#level = await openLevel(this.#folder);
        return;
      } catch (error) {
        if (!isCorrupt(error)) throw error;
        damage.push({ kind: "file", count: 1, what: [/\d+\.ldb/.exec(causeOf(error).message)?.[0] ?? "unknown"] });
      }
    }
    await refuseLocked(this.#folder);
    damage.push(...(await salvage(this.#folder, createLevel)));
    this.#level = await openLevel(this.#folder);
    for (const each of damage) this.#reportDamage(each);
  }

  async #holds(ops: readonly StoreOp[]): Promise<boolean> {
    const first = ops.find((op) => op.kind === "put");
    if (first?.kind !== "put") return false;
    const held = await this.get(first.key);
    return held !== null && Buffer.compare(held, first.value) === 0;
  }

  #becomeFull(trouble: CodedError): void {
    if (!this.#full) this.#onTrouble(trouble);
    this.#full = true;
  }

  #reportDamage(damage: Damage): void {
    if (!this.#damage.add(damage)) return;
    const { kind, count, what } = damage;
    this.#onTrouble(
      storeError("STORE_DAMAGED", `${count} ${kind}(s) cannot be read: ${what.join(", ")}`, this.#folder),
    );
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
