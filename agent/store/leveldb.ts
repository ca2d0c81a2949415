import { ClassicLevel } from "classic-level";
import { causeOf } from "./faults.js";
import { seal } from "./record.js";
import type { Fresh } from "./salvage.js";
import type { StoreOp } from "./store.js";

/** LevelDB itself; values are sealed. The only file that imports classic-level. */
export type Level = ClassicLevel<string, Uint8Array>;

/** The log of a store becomes a table at about this size, and whenever the store is opened. */
export const WRITE_BUFFER_BYTES = 2_097_152;

export async function openLevel(folder: string): Promise<Level> {
  const level: Level = new ClassicLevel(folder, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    // Readable without LevelDB, see leveldb-table.ts; pictures are compressed already.
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  await level.open();
  return level;
}

export async function createLevel(folder: string): Promise<Fresh> {
  const level = await openLevel(folder);
  return {
    batch: (ops, options) => level.batch(ops.map(sealed), options),
    close: () => level.close(),
  };
}

/** @throws LEVEL_LOCKED. LevelDB takes its lock before it looks at what must not exist: nothing is changed by this. */
export async function refuseLocked(folder: string): Promise<void> {
  const level = new ClassicLevel(folder, { createIfMissing: false, errorIfExists: true });
  const error: unknown = await level.open().then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error !== null && causeOf(error).code === "LEVEL_LOCKED") throw error;
  await level.close();
}

/** An operation as classic-level wants it, its value sealed. */
export function sealed(op: StoreOp) {
  if (op.kind === "delete") return { type: "del", key: op.key } as const;
  return { type: "put", key: op.key, value: seal(op.key, op.value) } as const;
}
