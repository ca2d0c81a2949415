import { byUtf8 } from "./memory-store.js";
import { intactRecords } from "./salvage.js";
import type { KeyRange } from "./store.js";

/** A record as it lies on disk: its key, and its value with the seal. */
export type SealedEntry = [key: string, sealed: Uint8Array];

/**
 * The intact records of a store's files, in memory. LevelDB writes whenever it opens a store; this only reads, for a disk that has
 * no room at all. It takes as much memory as the files take on disk.
 */
export class Snapshot {
  readonly #entries: readonly SealedEntry[];

  /** @param entries in the order of their keys */
  constructor(entries: readonly SealedEntry[]) {
    this.#entries = entries;
  }

  /** Reads a store that nobody has open. @param folder its files */
  static async of(folder: string): Promise<Snapshot> {
    const entries: SealedEntry[] = [];
    for await (const { key, sealed } of intactRecords(folder)) entries.push([key, sealed]);
    return new Snapshot(entries.sort(([a], [b]) => byUtf8(a, b)));
  }

  /** The first entries of a range, or the last ones where it is reversed. @param most so many */
  page({ from, to, reverse = false }: KeyRange, most: number): SealedEntry[] {
    const begin = from === undefined ? 0 : this.#indexOf(from);
    const end = to === undefined ? this.#entries.length : this.#indexOf(to);
    if (reverse) return this.#entries.slice(Math.max(begin, end - most), Math.max(begin, end)).reverse();
    return this.#entries.slice(begin, Math.min(end, begin + most));
  }

  /** The index of the first entry whose key is not before this one. */
  #indexOf(key: string): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byUtf8(this.#entries[middle]![0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
