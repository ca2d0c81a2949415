import type { Dirent, Stats } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, errnoOf } from "../../errors.js";
import { isIgnored, isPicture } from "../../models/pictures/folder.js";

/** A new picture in a folder. */
export interface Arrival {
  readonly path: string;
  /** It has not changed for so long that whoever writes it must be done. */
  readonly final: boolean;
}

/** A file that does not change for so long is likely to be whole. */
const QUIET_MS = 250;
/** A file that cannot be read, and does not change for so long, will not get better. */
const FINAL_MS = 10_000;
/** A folder's time of change is coarse, two seconds on some file systems: so long it is looked into again. */
const RECENT_MS = 2_500;

/** A folder as it was read last. */
interface Folder {
  readonly identity: string;
  mtimeMs: number;
  /** When the change was seen, on the monotonic clock. */
  changedMs: number;
  names: ReadonlySet<string>;
}

/** A file that is new, and may still be being written. */
interface Candidate {
  /** It was there at the first look. */
  readonly existing: boolean;
  readonly size: number;
  readonly mtimeMs: number;
  /** When it was first seen like this, on the monotonic clock. */
  readonly sinceMs: number;
  /** It was yielded like this. */
  tried: boolean;
}

const UNSEEN: Candidate = { existing: false, size: -1, mtimeMs: 0, sinceMs: 0, tried: false };

/**
 * The pictures that come into a folder and the folders below it, found by looking again and again: network shares report nothing. A
 * picture is known by its name: one that is written anew under an old name is not new. Folders that have not changed are not read.
 */
export class Arrivals {
  readonly #root: string;
  readonly #monotonicMs: () => number;
  /** By path. */
  readonly #folders = new Map<string, Folder>();
  readonly #candidates = new Map<string, Candidate>();
  /** Whether what is there at the first look is new. */
  #existingIsNew: boolean;

  constructor(root: string, existingIsNew: boolean, monotonicMs: () => number) {
    this.#root = root;
    this.#existingIsNew = existingIsNew;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Looks once. Yields each picture when it is quiet, and, until it is `done`, again after each change and once more as `final`.
   * @returns the oldest first, of one age by their names
   * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_UNREADABLE
   */
  async look(): Promise<readonly Arrival[]> {
    const root = await stat(this.#root).catch(() => null);
    if (!root?.isDirectory()) {
      throw new CodedError("IMAGE_FOLDER_MISSING", `there is no folder ${this.#root}`, { at: this.#root });
    }
    if (this.#folders.get(this.#root)?.identity !== identityOf(root)) await this.#begin(root);
    for (const [path, folder] of [...this.#folders]) await this.#refresh(path, folder);
    return this.#settled();
  }

  /** The picture was taken. */
  done(path: string): void {
    this.#candidates.delete(path);
  }

  /** The folder is seen for the first time, or another one has taken its place: a share was mounted, or is gone. */
  async #begin(root: Stats): Promise<void> {
    this.#folders.clear();
    try {
      await this.#addFolder(this.#root, root);
    } catch (error) {
      this.#folders.clear();
      throw error;
    }
    const existing = [...this.#candidates];
    this.#candidates.clear();
    if (this.#existingIsNew) {
      for (const [path, candidate] of existing) this.#candidates.set(path, { ...candidate, existing: true });
    }
    this.#existingIsNew = false;
  }

  async #addFolder(path: string, info: Stats): Promise<void> {
    const identity = identityOf(info);
    if ([...this.#folders.values()].some((known) => known.identity === identity)) return;
    const folder = { identity, mtimeMs: info.mtimeMs, changedMs: this.#monotonicMs(), names: new Set<string>() };
    this.#folders.set(path, folder);
    await this.#read(path, folder);
  }

  async #refresh(path: string, folder: Folder): Promise<void> {
    const info = await stat(path).catch(() => null);
    if (info === null) {
      this.#folders.delete(path);
      return;
    }
    const nowMs = this.#monotonicMs();
    if (info.mtimeMs !== folder.mtimeMs) {
      folder.mtimeMs = info.mtimeMs;
      folder.changedMs = nowMs;
    }
    if (nowMs - folder.changedMs < RECENT_MS) await this.#read(path, folder);
  }

  async #read(path: string, folder: Folder): Promise<void> {
    const names = new Set<string>();
    try {
      // Not readdir: the names of a hundred thousand files at once would hold the event loop up.
      for await (const entry of await opendir(path, { bufferSize: 256 })) {
        if (isIgnored(entry.name)) continue;
        names.add(entry.name);
        if (!folder.names.has(entry.name)) await this.#meet(join(path, entry.name), entry);
      }
    } catch (cause) {
      // To be read until it can be.
      folder.changedMs = Number.POSITIVE_INFINITY;
      if (cause instanceof CodedError) throw cause;
      const message = `cannot read the folder ${path}: ${errnoOf(cause)}`;
      throw new CodedError("IMAGE_FOLDER_UNREADABLE", message, { at: path, cause });
    }
    folder.names = names;
    if (folder.changedMs === Number.POSITIVE_INFINITY) folder.changedMs = this.#monotonicMs();
  }

  async #meet(path: string, entry: Dirent): Promise<void> {
    const info = entry.isFile() ? null : await stat(path).catch(() => null);
    if (info?.isDirectory()) await this.#addFolder(path, info);
    else this.#candidates.set(path, UNSEEN);
  }

  async #settled(): Promise<readonly Arrival[]> {
    const settled: (Arrival & { readonly rank: number })[] = [];
    // One moment for all of a look: those that came together are quiet together, and keep their order.
    const nowMs = this.#monotonicMs();
    for (const [path, candidate] of [...this.#candidates]) {
      const info = await stat(path).catch(() => null);
      if (!info?.isFile()) {
        this.#candidates.delete(path);
        continue;
      }
      const { size, mtimeMs } = info;
      if (size !== candidate.size || mtimeMs !== candidate.mtimeMs) {
        this.#candidates.set(path, { ...candidate, size, mtimeMs, sinceMs: nowMs, tried: false });
        continue;
      }
      const quietMs = nowMs - candidate.sinceMs;
      const final = quietMs >= FINAL_MS;
      if (!final && (candidate.tried || quietMs < QUIET_MS)) continue;
      candidate.tried = true;
      if (final) this.#candidates.delete(path);
      if (await isPicture(path)) settled.push({ path, final, rank: candidate.existing ? 0 : mtimeMs });
    }
    return settled.sort((a, b) => a.rank - b.rank || (a.path < b.path ? -1 : 1));
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
