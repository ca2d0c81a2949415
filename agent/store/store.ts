/** A store of bytes by ordered keys, on disk or in memory: the outbox and the history of alerts lie in one each. */
export interface Store {
  /** The value of a key; null when it is not there, or no longer intact. */
  get(key: string): Promise<Uint8Array | null>;
  /** The entries of a range in the order of their keys' UTF-8 bytes. What is written meanwhile may or may not be seen. */
  entries(range?: KeyRange): AsyncIterable<Entry>;
  /**
   * Writes all of the operations or none. With `sync` it survives the loss of power once this resolves, without it the end of the process.
   * @throws CodedError STORE_FULL (no space; what is kept can still be read), STORE_FAILED, STORE_CLOSED
   */
  batch(ops: readonly StoreOp[], options?: { readonly sync?: boolean }): Promise<void>;
  /** About the bytes that the store takes on disk: what was removed counts until it is compacted. */
  bytes(): Promise<number>;
  health(): StoreHealth;
  /** Gives the space of what was removed back to the disk. True when the store is as able to write as when it was opened. */
  makeRoom(): Promise<boolean>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export interface KeyRange {
  /** Inclusive. */
  readonly from?: string;
  /** Exclusive. */
  readonly to?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

export type StoreOp =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: string };

export interface StoreHealth {
  /** The disk was full at the last write, and room is not yet back. */
  readonly full: boolean;
  /** The damage that was found since the store was opened, opening included. */
  readonly damage: readonly Damage[];
}

/** Something that was written and can no longer be read. */
export interface Damage {
  /** `record`: one value; `block`: a stretch of a file; `file`: all of one; `index`: how the files belong together, no data. */
  readonly kind: "record" | "block" | "file" | "index";
  readonly count: number;
  /** Where known: keys of records, else names of files; the first of them. */
  readonly what: readonly string[];
}

/** The range of all keys that begin so. @param prefix ends in a character below U+FFFF */
export function prefixed(prefix: string): { readonly from: string; readonly to: string } {
  return { from: prefix, to: `${prefix}\uffff` };
}

export const put = (key: string, value: Uint8Array): StoreOp => ({ kind: "put", key, value });
export const remove = (key: string): StoreOp => ({ kind: "delete", key });
