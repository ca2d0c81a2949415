import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openBdSeq } from "../../agent/sparkplug/bd-seq.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

/** The number that pairs a death with its birth, on disk. */
const test = suite("Sparkplug: bdSeq");
const codes: string[] = [];
const open = (folder: string) => openBdSeq(folder, ({ code }) => codes.push(code));
test.before.each(() => void codes.splice(0));

test("it begins with 0, goes on after a restart, and begins again after 255 [topics-nbirth-bdseq-increment]", async () => {
  const folder = temporaryFolder();
  const numbers = open(folder);
  assert.equal([await numbers.next(), await numbers.next()], [0, 1]);
  assert.is(await open(folder).next(), 2);
  await writeFile(join(folder, "sparkplug.json"), '{"bdSeq":255}\n');
  assert.is(await open(folder).next(), 0);
  assert.is(await readFile(join(folder, "sparkplug.json"), "utf8"), '{"bdSeq":0}\n', "kept before it is used");
  assert.equal(codes, []);
});

test("a file that is not the agent's is told, and the numbers begin with 0", async () => {
  for (const text of ["", "{}", '{"bdSeq":256}\n', '{"bdSeq":-1}\n', "7"]) {
    const folder = temporaryFolder();
    await writeFile(join(folder, "sparkplug.json"), text);
    assert.is(await open(folder).next(), 0, text);
  }
  assert.equal(
    codes,
    Array.from({ length: 5 }, () => "SPARKPLUG_STATE_UNREADABLE"),
  );
});

test("where the disk takes nothing the numbers go on in memory, and that is told", async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, "sparkplug.json"));
  const numbers = open(folder);
  assert.equal([await numbers.next(), await numbers.next()], [0, 1]);
  assert.equal(codes, ["SPARKPLUG_STATE_UNREADABLE", "SPARKPLUG_STATE_UNWRITABLE", "SPARKPLUG_STATE_UNWRITABLE"]);
});

test.run();
