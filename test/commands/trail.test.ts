import { mkdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openTrail } from "../../agent/commands/trail.js";
import type { CommandRecord } from "../../agent/contract/command-record.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("the trail of commands");

const done: CommandRecord = {
  ts: "2026-03-01T08:00:00.000Z",
  command: "threshold",
  id: "1",
  by: "kim",
  via: "mqtt",
  args: { camera: "cam1", threshold: 0.9 },
  ok: true,
  result: { threshold: 0.9, before: 0.5 },
  error: null,
  durationMs: 3,
};
const refused: CommandRecord = {
  ...done,
  id: null,
  by: null,
  args: null,
  ok: false,
  result: null,
  error: { code: "COMMAND_INVALID", message: '"camera" is {"password":"hunter2"} and must be a text' },
};

async function open(statePath = temporaryFolder()) {
  const lines: string[] = [];
  const time = { nowMs: 0 };
  const to = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  const trail = await openTrail({
    statePath,
    log: { info: to("info"), warn: to("warn"), error: to("error") },
    clock: { monotonicMs: () => time.nowMs },
    onTrouble: ({ code }) => lines.push(code),
  });
  return { trail, lines, time, statePath };
}

test("one that the disk did not take is written at the end, where it does by then", async () => {
  const { trail, lines, statePath } = await open();
  const draft = join(statePath, "commands.json.draft");
  await mkdir(draft);
  trail.record(done);
  await until(() => lines.includes("COMMAND_TRAIL_FAILED"), "the disk takes nothing");
  await rmdir(draft);
  await trail.close();
  assert.equal(JSON.parse(await readFile(join(statePath, "commands.json"), "utf8")), [done]);
});

test("each command is a line of the log: who, what, and what came of it; secrets never", async () => {
  const { trail, lines } = await open();
  trail.record(done);
  trail.record(refused);
  trail.record({ ...done, ok: false, result: null, error: { code: "COMMAND_FAILED", message: "boom" } });
  trail.record({ ...done, via: "http", from: { role: "act", address: "10.0.0.5", session: "3f9a12bc" } });
  assert.equal(lines, [
    'info command threshold, by kim, over mqtt, id 1: {"camera":"cam1","threshold":0.9} done, {"threshold":0.9,"before":0.5}',
    'warn command threshold, over mqtt, id none: refused, COMMAND_INVALID: "camera" is {"password":***} and must be a text',
    'error command threshold, by kim, over mqtt, id 1: {"camera":"cam1","threshold":0.9} failed: boom',
    'info command threshold, by kim, over http from 10.0.0.5 in session 3f9a12bc, who may act, id 1: {"camera":"cam1","threshold":0.9} done, {"threshold":0.9,"before":0.5}',
  ]);
  assert.not.match(JSON.stringify(trail.list()), "hunter2");
  await trail.close();
});

test("the last hundred, the latest first, also after a restart; for nobody else to read", async () => {
  const { trail, statePath } = await open();
  for (let n = 1; n <= 130; n += 1) trail.record({ ...done, id: String(n) });
  const ids = (of: typeof trail) => of.list().map(({ id }) => id);
  assert.equal([ids(trail).length, ids(trail)[0], ids(trail).at(-1)], [100, "130", "31"]);
  await trail.close();
  assert.is((await stat(join(statePath, "commands.json"))).mode & 0o777, 0o600);
  const next = await open(statePath);
  assert.equal(ids(next.trail), ids(trail));
  next.trail.record({ ...done, id: "131" });
  assert.is(ids(next.trail)[0], "131");
  await next.trail.close();
});

test("it is written without being asked to close", async () => {
  const { trail, statePath } = await open();
  trail.record(done);
  const written = () => readFile(join(statePath, "commands.json"), "utf8").catch(() => "");
  let text = "";
  await until(() => {
    void written().then((read) => {
      text = read;
    });
    return text.includes("kim");
  }, "the file");
  await trail.close();
});

test("a flood of commands does not fill the log; how many were left out is said", async () => {
  const { trail, lines, time } = await open();
  for (let n = 0; n < 1_000; n += 1) trail.record(refused);
  assert.is(lines.length, 100);
  time.nowMs = 1_000;
  trail.record(done);
  assert.equal(lines.slice(100, 101), ["warn 900 commands more came at once and are not in the log"]);
  assert.match(lines[101]!, "by kim");
  await trail.close();
});

test("a file that cannot be read or written is reported, and commands go on", async () => {
  const statePath = temporaryFolder();
  await writeFile(join(statePath, "commands.json"), "{");
  // A folder in the draft's place: not even root can write it.
  await mkdir(join(statePath, "commands.json.draft"));
  const { trail, lines } = await open(statePath);
  assert.equal(lines, ["COMMAND_TRAIL_FAILED"]);
  trail.record(done);
  await trail.close();
  assert.is(lines.at(-1), "COMMAND_TRAIL_FAILED");
  assert.is(trail.list().length, 1);
});

test.run();
