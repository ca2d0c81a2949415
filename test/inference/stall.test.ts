import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { type Engine, type EngineOptions, openEngine } from "../../agent/inference/engine.js";
import { spawnWorker } from "../../agent/inference/model-thread.js";
import type { Thread } from "../../agent/inference/protocol.js";
import { MOST_STUCK, stuckThreads } from "../../agent/inference/stuck.js";
import type { WatchdogLimits } from "../../agent/inference/watchdog.js";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { failureCode, inspected } from "../contracts/engine.js";
import { type FakeThread, fakeThread } from "../fakes/thread.js";
import { temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const LONG_MS = 60_000;
/** The given limits in their order, long ones after that: a busy machine must not make a well thread a stuck one. */
function limitsOf({ start = [], run = [] }: { start?: number[]; run?: number[] }): WatchdogLimits {
  return { start: () => start.shift() ?? LONG_MS, run: () => run.shift() ?? LONG_MS };
}
const identity = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64) };

function open(spawn: EngineOptions["spawn"], rest: Partial<EngineOptions> = {}): Promise<Engine> {
  return openEngine({
    modelPath: "tiny.onnx",
    identity,
    input: { width: 16, height: 16 },
    threshold: 0.5,
    providers: ["cpu"],
    threads: 1,
    maxBatch: 1,
    restartAfterMs: 1,
    limits: limitsOf({ run: [30] }),
    ...(spawn === undefined ? {} : { spawn }),
    ...rest,
  });
}

const test = suite("an inference that never returns");
let engine: Engine | undefined;
const threads: FakeThread[] = [];
const spawnFake = (options = {}) => {
  threads.push(fakeThread(options));
  return threads.at(-1)!;
};
// A real thread holds the process while it works, a fake one does not.
let hold: NodeJS.Timeout | undefined;
test.before(() => {
  hold = setInterval(() => undefined, 1_000);
});
test.after(() => clearInterval(hold));
test.after.each(async () => {
  for (const thread of threads.splice(0)) thread.exit();
  await engine?.close();
  engine = undefined;
  assert.is(stuckThreads(), 0);
});

test("fails the frames in flight; a new thread serves those that wait, and late answers are ignored", async () => {
  const restarts: string[] = [];
  engine = await open(() => spawnFake(), { onRestart: (reason) => restarts.push(reason) });
  const asked = [1, 2, 3].map((number) => engine!.inspect(greyFrame(0, undefined, { number })));
  const [first, second] = await Promise.all(asked.slice(0, 2));
  assert.equal([first!, second!].map(failureCode), ["ENGINE_STALLED", "ENGINE_STALLED"]);
  assert.is(restarts.length, 1);
  assert.is(stuckThreads(), 1);
  await until(() => threads.length === 2 && threads[1]!.asked.length === 1, "the third frame with the second thread");
  threads[0]!.answer();
  threads[0]!.answer();
  threads[1]!.answer();
  assert.is(inspected(await asked[2]!).frame.number, 3);
  threads[0]!.exit();
  assert.is(stuckThreads(), 0, "a thread that comes back after all is none of the stuck");
  assert.is(restarts.length, 1, "and its end is no death");
});

test("past a few stuck threads none is started any more: every frame fails at once", async () => {
  const restarts: string[] = [];
  const limits = limitsOf({ run: Array.from({ length: MOST_STUCK + 1 }, () => 30) });
  engine = await open(() => spawnFake(), { limits, onRestart: (reason) => restarts.push(reason) });
  for (let count = 0; count <= MOST_STUCK; count += 1) {
    assert.is(failureCode(await engine.inspect(greyFrame(0))), "ENGINE_STALLED");
  }
  assert.is(stuckThreads(), MOST_STUCK + 1);
  assert.is(restarts.length, MOST_STUCK + 1);
  assert.is(failureCode(await engine.inspect(greyFrame(0))), "ENGINE_STALLED");
  assert.is(threads.length, MOST_STUCK + 1);
});

test("a thread that does not even start is an error with a code, and stuck", async () => {
  try {
    engine = await open(() => spawnFake({ silent: true }), { limits: limitsOf({ start: [20] }) });
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.is(error.code, "ENGINE_OPEN_FAILED");
  }
  assert.is(stuckThreads(), 1);
});

test("a successor that does not start is given up, too, and followed by another", async () => {
  const limits = limitsOf({ start: [LONG_MS, 30], run: [30] });
  engine = await open(() => spawnFake({ silent: threads.length === 1 }), { limits });
  assert.is(failureCode(await engine.inspect(greyFrame(0))), "ENGINE_STALLED");
  const next = engine.inspect(greyFrame(0));
  await until(() => threads.length === 3 && threads[2]!.asked.length === 1, "a third thread");
  threads[2]!.answer();
  inspected(await next);
});

test("for real: ONNX Runtime's thread hangs in a system call, its successor judges, and it ends when it is let go", async () => {
  const fifo = join(temporaryFolder(), "fifo");
  execFileSync("mkfifo", [fifo]);
  const { modelPath, manifest } = await readBundle(await writeTinyBundle());
  let spawned = 0;
  const spawn: EngineOptions["spawn"] = (setup) => {
    spawned += 1;
    if (spawned > 1) return spawnWorker(setup);
    const script = new URL("../fakes/hanging-worker.js", import.meta.url);
    return new Worker(script, { workerData: { ...setup, fifo } }) as Thread;
  };
  engine = await open(spawn, {
    modelPath,
    identity: { ...identity, sha256: manifest.sha256 },
    limits: limitsOf({ run: [1_000] }),
  });
  inspected(await engine.inspect(greyFrame(0)));
  assert.is(failureCode(await engine.inspect(greyFrame(0))), "ENGINE_STALLED");
  inspected(await engine.inspect(greyFrame(0)));
  assert.is(stuckThreads(), 1);
  closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  await until(() => stuckThreads() === 0, "the thread's end");
});

test.run();
