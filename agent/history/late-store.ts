import { CodedError } from "../../errors.js";
import type { Store } from "../store/store.js";

/** Between tries: each may read all of the files. */
const AGAIN_MS = 60_000;

/**
 * A store that could not be opened, or read, at the start: it is empty, takes nothing, and `makeRoom` tries to open it again. What it holds
 * of earlier runs is read at the next start.
 * @param nowMs monotonic
 */
export function lateStore(open: () => Promise<Store>, nowMs: () => number): Store {
  let store: Store | null = null;
  let triedAtMs = nowMs();
  return {
    get: async (key) => (store === null ? null : store.get(key)),
    async *entries(range) {
      if (store !== null) yield* store.entries(range);
    },
    batch: async (ops, options) => {
      if (store === null) throw new CodedError("STORE_FAILED", "the store could not be opened yet");
      await store.batch(ops, options);
    },
    bytes: async () => (store === null ? 0 : store.bytes()),
    health: () => store?.health() ?? { full: false, damage: [] },
    makeRoom: async () => {
      if (store === null) {
        if (nowMs() - triedAtMs < AGAIN_MS) return false;
        triedAtMs = nowMs();
        store = await open();
      }
      return store.makeRoom();
    },
    close: async () => store?.close(),
  };
}
