import { CodedError } from "../../errors.js";
import type { Entry, KeyRange, Store } from "./store.js";

/** A store in memory, which ends with the process: for tests, and for what needs no disk. */
export function openMemoryStore(): Store {
  const values = new Map<string, Uint8Array>();
  let closed = false;
  const checkOpen = (): void => {
    if (closed) throw new CodedError("STORE_CLOSED", "the store is closed");
  };
  return {
    async get(key) {
      checkOpen();
      return values.get(key)?.slice() ?? null;
    },
    async *entries(range = {}) {
      checkOpen();
      const keys = [...values.keys()].filter((key) => isWithin(key, range)).sort(byUtf8);
      if (range.reverse === true) keys.reverse();
      for (const key of keys.slice(0, range.limit)) {
        const value = values.get(key);
        if (value !== undefined) yield { key, value: value.slice() } satisfies Entry;
      }
    },
    async batch(ops) {
      checkOpen();
      for (const op of ops) {
        if (op.kind === "put") values.set(op.key, op.value.slice());
        else values.delete(op.key);
      }
    },
    async bytes() {
      return [...values].reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + value.length, 0);
    },
    health: () => ({ full: false, damage: [] }),
    makeRoom: async () => true,
    async close() {
      closed = true;
    },
  };
}

function isWithin(key: string, { from, to }: KeyRange): boolean {
  return (from === undefined || byUtf8(key, from) >= 0) && (to === undefined || byUtf8(key, to) < 0);
}

/** The order of keys: of their UTF-8 bytes, as LevelDB has it. */
export function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
