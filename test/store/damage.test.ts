import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { openLevelStore } from "../../agent/store/level-store.js";
import { createLevel } from "../../agent/store/leveldb.js";
import { salvage } from "../../agent/store/salvage.js";
import { put, remove, type Store } from "../../agent/store/store.js";
import type { CodedError } from "../../errors.js";
import { createRandom, type Random } from "../../models/random.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

/** A store that lost power, a cable, or its disk's good will: all that is intact must come back, and the rest be reported. */
const test = suite("damaged store");

const COUNT = 1_200;
const IN_LOG = 240;
const name = (n: number): string => `alert/${String(n).padStart(8, "0")}`;
/** As an alert's JSON, each fiftieth with a picture. */
const value = (n: number): Uint8Array => Buffer.from(`${n}:`.repeat(n % 50 === 0 ? 8_000 : 60));
/** Into a block of 4 KB go so many at most. */
const PER_BLOCK = 28;

const open = (folder: string, troubles: CodedError[] = []): Promise<Store> =>
  openLevelStore(folder, { reserveBytes: 0, onTrouble: (trouble) => troubles.push(trouble) });

/** Sound: tables of two openings, and a log that is not yet a table. A copy of it is a store whose process was killed. */
let sound = "";
test.before(async () => {
  const folder = join(temporaryFolder(), "sound");
  for (const [from, to] of [
    [0, 480],
    [480, COUNT - IN_LOG],
  ] as const) {
    const store = await open(folder);
    for (let n = from; n < to; n += 1) await store.batch([put(name(n), value(n))]);
    await store.makeRoom();
    await store.close();
  }
  const store = await open(folder);
  for (let n = COUNT - IN_LOG; n < COUNT; n += 1) await store.batch([put(name(n), value(n))]);
  sound = join(temporaryFolder(), "outbox");
  cpSync(folder, sound, { recursive: true });
  await store.close();
});

function copy(): string {
  const folder = join(temporaryFolder(), "outbox");
  cpSync(sound, folder, { recursive: true });
  return folder;
}

const filesOf = (folder: string, pattern: RegExp): string[] =>
  readdirSync(folder)
    .filter((file) => pattern.test(file))
    .map((file) => join(folder, file));
const largest = (folder: string, pattern: RegExp): string =>
  filesOf(folder, pattern).sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
const TABLE = /\.ldb$/;
const LOG = /^\d+\.log$/;
const MANIFEST = /^MANIFEST/;

function flip(file: string, at: number, bit = 0): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1 << bit;
  writeFileSync(file, bytes);
}

/** Opens it, holds what it has against what was written, and yields the numbers that are gone. */
async function lostIn(folder: string, troubles: CodedError[] = []): Promise<number[]> {
  const store = await open(folder, troubles);
  const found = new Set<number>();
  for await (const entry of store.entries()) {
    const n = Number(entry.key.slice(6));
    assert.is(entry.key, name(n));
    assert.is(Buffer.compare(entry.value, value(n)), 0, `${entry.key} is what was written`);
    found.add(n);
  }
  await store.batch([put(name(COUNT), value(COUNT))], { sync: true });
  assert.ok(await store.get(name(COUNT)), "and it takes more");
  await store.batch([remove(name(COUNT))]);
  await store.close();
  return Array.from({ length: COUNT }, (_, n) => n).filter((n) => !found.has(n));
}

const aside = (folder: string): string[] =>
  readdirSync(dirname(folder)).filter((file) => file.startsWith(`${basename(folder)}.damaged-`));
const codes = (troubles: readonly CodedError[]): string[] => troubles.map(({ code }) => code);

test("a store that was killed has lost nothing and reports no damage", async () => {
  const folder = copy();
  assert.ok(filesOf(folder, TABLE).length >= 2 && statSync(largest(folder, LOG)).size > 100_000);
  const troubles: CodedError[] = [];
  assert.equal(await lostIn(folder, troubles), []);
  assert.equal([codes(troubles), aside(folder)], [[], []]);
  assert.is(statSync(folder).mode & 0o777, 0o700);
});

test("a cut tail of the log costs what was cut off, no more", async () => {
  const folder = copy();
  const log = largest(folder, LOG);
  truncateSync(log, statSync(log).size - 500);
  assert.equal(await lostIn(folder), [COUNT - 2, COUNT - 1]);
});

test("a flipped bit in the log costs the one record it is in", async () => {
  for (const at of [0, 4, 6, 31_000, 70_001]) {
    const folder = copy();
    flip(largest(folder, LOG), at, 3);
    const troubles: CodedError[] = [];
    assert.is((await lostIn(folder, troubles)).length, 1, `at ${at}`);
    assert.equal(codes(troubles), ["STORE_DAMAGED"]);
    assert.is(aside(folder).length, 1);
  }
});

test("a flipped bit in a table's block costs that block, in its index, filter or footer nothing", async () => {
  const { size } = statSync(largest(sound, TABLE));
  for (const at of [10, 2_000, size >> 1]) {
    const folder = copy();
    flip(largest(folder, TABLE), at);
    const lost = await lostIn(folder);
    assert.ok(lost.length >= 1 && lost.length <= PER_BLOCK, `${lost.length} lost at ${at}`);
    assert.is(lost.at(-1)! - lost[0]!, lost.length - 1, "neighbours");
  }
  for (const fromEnd of [1, 30, 47, 60, 500]) {
    const folder = copy();
    const troubles: CodedError[] = [];
    flip(largest(folder, TABLE), size - fromEnd);
    assert.equal(await lostIn(folder, troubles), [], `${fromEnd} from the end`);
    assert.equal(codes(troubles), fromEnd === 30 ? [] : ["STORE_DAMAGED"], "30 from the end is padding");
  }
});

test("a damaged or missing MANIFEST or CURRENT costs nothing", async () => {
  const broken: readonly ((folder: string) => void)[] = [
    (folder) => flip(largest(folder, MANIFEST), 20),
    (folder) => rmSync(largest(folder, MANIFEST)),
    (folder) => rmSync(join(folder, "CURRENT")),
    (folder) => writeFileSync(join(folder, "CURRENT"), "nonsense"),
    (folder) => writeFileSync(join(folder, "CURRENT"), ""),
  ];
  for (const breakIt of broken) {
    const folder = copy();
    breakIt(folder);
    const troubles: CodedError[] = [];
    assert.equal(await lostIn(folder, troubles), []);
    assert.equal(codes(troubles), ["STORE_DAMAGED"]);
  }
});

test("a missing or empty table costs what was in it, and is reported", async () => {
  for (const breakIt of [(file: string) => rmSync(file), (file: string) => truncateSync(file, 0)]) {
    const folder = copy();
    breakIt(largest(folder, TABLE));
    const troubles: CodedError[] = [];
    const lost = await lostIn(folder, troubles);
    assert.ok(lost.length > 0 && lost.length < COUNT - IN_LOG);
    assert.equal(codes(troubles), ["STORE_DAMAGED"]);
  }
});

test("a table that is cut off gives up what is before the cut", async () => {
  const folder = copy();
  const table = largest(folder, TABLE);
  truncateSync(table, statSync(table).size >> 1);
  const all = readFileSync(largest(sound, TABLE)).length / (COUNT / 2);
  assert.ok((await lostIn(folder)).length < COUNT / 2, `about ${all} bytes each`);
});

test("seeded flips anywhere: never an abort, never a wrong value, never more lost than was hit", async () => {
  const random: Random = createRandom(20_260_801);
  for (let round = 0; round < 25; round += 1) {
    const folder = copy();
    const files = filesOf(folder, /\.ldb$|^\d+\.log$|^MANIFEST|^CURRENT/);
    const flips = 1 + random.int(3);
    for (const file of random.shuffle(files).slice(0, flips)) {
      flip(file, random.int(statSync(file).size), random.int(8));
    }
    const lost = await lostIn(folder);
    assert.ok(lost.length <= flips * PER_BLOCK, `round ${round}: ${lost.length} lost by ${flips} flips`);
  }
});

test("a whole file of noise is survived", async () => {
  const random = createRandom(7);
  for (const pattern of [TABLE, LOG, MANIFEST]) {
    const folder = copy();
    const file = largest(folder, pattern);
    writeFileSync(file, Buffer.from(Array.from({ length: 20_000 }, () => random.int(256))));
    assert.ok((await lostIn(folder)).length < COUNT);
  }
});

test("of damaged folders the newest two are kept, whatever the clock said when an older version put one aside", async () => {
  const folder = copy();
  mkdirSync(`${folder}.damaged-20990101T000000000Z`);
  for (let round = 1; round <= 11; round += 1) {
    rmSync(join(folder, "CURRENT"));
    assert.equal(await lostIn(folder), []);
    if (round === 1) assert.is(aside(folder).length, 2);
  }
  assert.equal(aside(folder).sort(), ["outbox.damaged-10", "outbox.damaged-11"]);
});

test("a salvaged store has its name on the disk before anything is written into it, and is whole before that", async () => {
  const folder = copy();
  const draft = `${folder}.new`;
  const seen: (readonly [whole: boolean, named: boolean])[] = [];
  await salvage(folder, createLevel, async (parent) => {
    assert.is(parent, dirname(folder));
    seen.push([existsSync(join(draft, "CURRENT")), existsSync(join(folder, "CURRENT")) && !existsSync(draft)]);
  });
  assert.equal(seen, [
    [true, false],
    [false, true],
  ]);
});

test("a salvage that was cut off is begun again, or ended", async () => {
  const begun = copy();
  rmSync(join(begun, "CURRENT"));
  mkdirSync(`${begun}.new`);
  writeFileSync(join(`${begun}.new`, "000005.ldb"), "half");
  assert.equal(await lostIn(begun), []);
  const almost = copy();
  renameSync(almost, `${almost}.new`);
  mkdirSync(`${almost}.damaged-20260101T000000000Z`);
  assert.equal(await lostIn(almost), []);
  assert.not(existsSync(`${almost}.new`));
});

test("a lock left behind is no lock; one that is held is respected, even on a damaged store", async () => {
  const folder = copy();
  assert.ok(existsSync(join(folder, "LOCK")));
  const store = await open(folder);
  const code = (): Promise<string> =>
    open(folder).then(
      () => "opened",
      (error: CodedError) => error.code,
    );
  assert.is(await code(), "STORE_LOCKED");
  rmSync(join(folder, "CURRENT"));
  assert.is(await code(), "STORE_LOCKED");
  assert.equal(aside(folder), []);
  assert.ok(await store.get(name(1)));
  await store.close();
  assert.equal(await lostIn(folder), []);
});

test("a folder that cannot be one is an error with a code", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const code = await open(join(file, "store")).then(
    () => "opened",
    (error: CodedError) => error.code,
  );
  assert.is(code, "STORE_UNUSABLE");
});

test.run();
