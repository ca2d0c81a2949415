import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readLog, type Write, writesOf } from "./leveldb-log.js";
import { readTable } from "./leveldb-table.js";
import { unseal } from "./record.js";
import type { Damage } from "./store.js";

/** The contents of LevelDB's files, read without LevelDB and without a change to them. */

const LOG = /^\d+\.log$/;
const TABLE = /^\d+\.ldb$/;
const MANIFEST = /^MANIFEST-\d+$/;

/**
 * Checks every byte of a store's files before LevelDB acts on them: it would drop what is intact beside what is not, or abort.
 * A table that is missing altogether is left for LevelDB to notice.
 * @returns the damage: none in a store that is sound, or new
 */
export async function inspectFolder(folder: string): Promise<Damage[]> {
  const names = await readdir(folder);
  const found: Damage[] = [];
  const manifest = await manifestIn(folder);
  const isNew = !names.some((name) => LOG.test(name) || TABLE.test(name) || MANIFEST.test(name) || name === "CURRENT");
  if (!isNew && (manifest === null || !names.includes(manifest))) {
    found.push({ kind: "index", count: 1, what: ["CURRENT"] });
  }
  for (const name of names) {
    const broken = await brokenIn(folder, name);
    if (broken > 0) found.push({ kind: MANIFEST.test(name) ? "index" : "block", count: broken, what: [name] });
  }
  return found;
}

/** The number of blocks, or of stretches of a log, that are not what was written. */
async function brokenIn(folder: string, name: string): Promise<number> {
  if (TABLE.test(name)) return readTable(await readFile(join(folder, name))).damagedBlocks;
  if (!LOG.test(name) && !MANIFEST.test(name)) return 0;
  return readLog(await readFile(join(folder, name))).damagedStretches;
}

async function manifestIn(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, "CURRENT"), "latin1").catch(() => "");
  return /^(MANIFEST-\d+)\n$/.exec(text)?.[1] ?? null;
}

/** The writes that can still be read, file by file: a key may come several times, and in any order. */
export async function* writesIn(folder: string): AsyncIterable<readonly Write[]> {
  for (const name of await readdir(folder)) {
    if (TABLE.test(name)) {
      const { writes, indexed } = readTable(await readFile(join(folder, name)));
      yield indexed ? writes : writes.filter(({ key, value }) => value !== null && unseal(key, value) !== null);
    }
    if (LOG.test(name)) yield readLog(await readFile(join(folder, name))).records.flatMap(writesOf);
  }
}
