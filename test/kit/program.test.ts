import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { endOf, outputOf } from "../../agent/kit/program.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("a program that is asked something");
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

function script(text: string): string {
  const path = join(temporaryFolder(), "tool");
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

test("what it prints is its answer, and its status is told", async () => {
  assert.is(await outputOf(script("echo $1"), ["yes"], { limitMs: 10_000 }), "yes\n");
  assert.equal(await endOf(script("echo none; exit 3"), [], { limitMs: 10_000 }), { status: 3, output: "none\n" });
  assert.match(String(await failure(outputOf(script("exit 3"), [], { limitMs: 10_000 }))), "status 3");
  assert.match(String(await failure(outputOf("/nowhere/tool", [], { limitMs: 10_000 }))), "ENOENT");
});

test("one that ignores signals, or whose child keeps its output, is given up in time", async () => {
  for (const text of ["trap '' TERM INT HUP; sleep 1; sleep 1", "sleep 2 & exec sleep 2"]) {
    const startedAtMs = performance.now();
    assert.match(String(await failure(outputOf(script(text), [], { limitMs: 300 }))), "not answered");
    assert.ok(performance.now() - startedAtMs < 1_500);
  }
  // Its children end by themselves.
  await sleep(2_000);
});

test("one that was given up is not run again before it has ended", async () => {
  const tool = script("exec sleep 2");
  const ask = async () => String(await failure(outputOf(tool, [], { limitMs: 200 })));
  assert.match(await ask(), "not answered");
  assert.match(await ask(), "not ended yet");
  await until(async () => /not answered/.test(await ask()), "another run, once it has ended");
  const parent = script("sleep 1 &");
  for (let time = 0; time < 2; time += 1) {
    assert.match(String(await failure(outputOf(parent, [], { limitMs: 300 }))), "not answered");
  }
  await sleep(1_000);
});

test("one that prints without end is ended", async () => {
  assert.match(String(await failure(outputOf("yes", [], { limitMs: 10_000 }))), "maxBuffer");
});

test.run();
