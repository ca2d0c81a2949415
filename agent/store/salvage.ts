import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../replace-file.js";
import { writesIn } from "./inspect.js";
import { unseal } from "./record.js";
import type { Damage, StoreOp } from "./store.js";

/** So many damaged folders are kept for whoever wants to look into them. */
const KEPT_ASIDE = 2;
const BATCH_BYTES = 1_048_576;

/** A new store that is being filled. */
export interface Fresh {
  batch(ops: readonly StoreOp[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes a sound store of a damaged one: all that is intact goes into a new one beside it, which then takes its place; the
 * damaged one is kept aside. May be cut off at any point, by a power cut too, and started again.
 * @param create makes an empty store in a folder
 * @returns records that are known by their key and could not be read
 */
export async function salvage(
  folder: string,
  create: (folder: string) => Promise<Fresh>,
  sync: (folder: string) => Promise<void> = syncFolder,
): Promise<readonly Damage[]> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  const newest = await newestIntact(folder);
  const fresh = await create(draft);
  try {
    await copy(recordsOf(folder, newest.numbers), fresh);
  } finally {
    await fresh.close();
  }
  const aside = await foldersAside(folder);
  // What is written into the new store is lost with its name: the names have to be on the disk before anybody relies on them.
  await sync(dirname(folder));
  await rename(folder, `${folder}.damaged-${(aside.at(-1)?.number ?? 0) + 1}`);
  await rename(draft, folder);
  await sync(dirname(folder));
  const oldest = aside.slice(0, Math.max(0, aside.length + 1 - KEPT_ASIDE));
  await Promise.all(oldest.map(({ path }) => rm(path, { recursive: true, force: true })));
  const lost = [...newest.broken].filter((key) => !newest.numbers.has(key));
  return lost.length === 0 ? [] : [{ kind: "record", count: lost.length, what: lost.slice(0, 100) }];
}

/** Ends a salvage that was cut off between its two renames. */
export async function finishSalvage(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  if (names.includes(basename(folder)) || !names.includes(`${basename(folder)}.new`)) return;
  await rename(`${folder}.new`, folder);
  await syncFolder(dirname(folder));
}

/** The number of the write in force, by key: of the last one that is a deletion or an intact value. */
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

/** A record that is in force, and as it was written. */
export interface IntactRecord {
  readonly key: string;
  readonly value: Uint8Array;
  /** The value with its seal, as it lies on disk. */
  readonly sealed: Uint8Array;
}

/** Reads the intact records of a store that nobody has open, in no order, from its files alone. */
export async function* intactRecords(folder: string): AsyncIterable<IntactRecord> {
  yield* recordsOf(folder, (await newestIntact(folder)).numbers);
}

/** In a second reading, so that the values need not be held in memory. @param numbers of the writes in force */
async function* recordsOf(folder: string, numbers: ReadonlyMap<string, bigint>): AsyncIterable<IntactRecord> {
  for await (const writes of writesIn(folder)) {
    for (const { key, number, value: sealed } of writes) {
      const value = sealed === null || numbers.get(key) !== number ? null : unseal(key, sealed);
      if (sealed !== null && value !== null) yield { key, value, sealed };
    }
  }
}

async function copy(records: AsyncIterable<IntactRecord>, fresh: Fresh): Promise<void> {
  let ops: StoreOp[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (ops.length > 0) await fresh.batch(ops, { sync: true });
    ops = [];
    bytes = 0;
  };
  for await (const { key, value } of records) {
    ops.push({ kind: "put", key, value });
    bytes += value.length;
    if (bytes >= BATCH_BYTES) await write();
  }
  await write();
}

/**
 * The damaged folders that were put aside, the oldest first. They are numbered: a clock that was wrong must not make an old one
 * the newest. Those of version 0.1 bear a date instead, and come before all others.
 */
async function foldersAside(folder: string): Promise<readonly { readonly path: string; readonly number: number }[]> {
  const prefix = `${basename(folder)}.damaged-`;
  const names = (await readdir(dirname(folder))).filter((name) => name.startsWith(prefix)).sort();
  return names
    .map((name) => ({
      path: join(dirname(folder), name),
      number: Number(/^\d+$/.exec(name.slice(prefix.length)) ?? 0),
    }))
    .sort((a, b) => a.number - b.number);
}
