import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writesIn } from "./inspect.js";
import { unseal } from "./record.js";
import type { Damage, StoreOp } from "./store.js";

/** Damaged folders that are kept for whoever wants to look into them. */
const KEPT_ASIDE = 2;
const BATCH_BYTES = 1_048_576;

/** The part of a store that is needed to fill a new one. */
export interface Fresh {
  batch(ops: readonly StoreOp[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface SalvageDeps {
  /** Makes an empty store in that folder. */
  readonly create: (folder: string) => Promise<Fresh>;
  readonly wallMs: () => number;
}

/**
 * Makes a sound store of a damaged one: all that is intact goes into a new one beside it, which then takes its place; the
 * damaged one is kept aside. May be cut off at any point and started again.
 * @returns records that are known by their key and could not be read
 */
export async function salvage(folder: string, { create, wallMs }: SalvageDeps): Promise<readonly Damage[]> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  const newest = await newestIntact(folder);
  const fresh = await create(draft);
  try {
    await copy(folder, newest.numbers, fresh);
  } finally {
    await fresh.close();
  }
  await rename(folder, `${folder}.damaged-${stamp(wallMs())}`);
  await rename(draft, folder);
  await forgetOldest(folder);
  const lost = [...newest.broken].filter((key) => !newest.numbers.has(key));
  return lost.length === 0 ? [] : [{ kind: "record", count: lost.length, what: lost.slice(0, 100) }];
}

/** Ends a salvage that was cut off between its two renames. */
export async function finishSalvage(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  if (names.includes(basename(folder)) || !names.includes(`${basename(folder)}.new`)) return;
  await rename(`${folder}.new`, folder);
}

/** By key the number of the write in force: the last one that is a deletion or an intact value. */
async function newestIntact(folder: string): Promise<{ numbers: Map<string, bigint>; broken: Set<string> }> {
  const numbers = new Map<string, bigint>();
  const broken = new Set<string>();
  for await (const writes of writesIn(folder)) {
    for (const { key, number, value } of writes) {
      if (value !== null && unseal(key, value) === null) broken.add(key);
      else if (number > (numbers.get(key) ?? -1n)) numbers.set(key, number);
    }
  }
  return { numbers, broken };
}

/** A second reading, so that the values need not be held in memory. */
async function copy(folder: string, numbers: ReadonlyMap<string, bigint>, fresh: Fresh): Promise<void> {
  let ops: StoreOp[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (ops.length > 0) await fresh.batch(ops, { sync: true });
    ops = [];
    bytes = 0;
  };
  for await (const writes of writesIn(folder)) {
    for (const { key, number, value } of writes) {
      const intact = value === null || numbers.get(key) !== number ? null : unseal(key, value);
      if (intact === null) continue;
      ops.push({ kind: "put", key, value: intact });
      bytes += intact.length;
      if (bytes >= BATCH_BYTES) await write();
    }
  }
  await write();
}

/** Of the same length for every time, so that names sort by it: 20260131T235959123Z. */
function stamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/[-:.]/g, "");
}

async function forgetOldest(folder: string): Promise<void> {
  const aside = (await readdir(dirname(folder))).filter((name) => name.startsWith(`${basename(folder)}.damaged-`));
  for (const name of aside.sort().slice(0, -KEPT_ASIDE)) {
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}
