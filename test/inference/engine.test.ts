// runs alone
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { TrivialModel } from "../../agent/bench/trivial-model.js";
import { type Engine, type EngineOptions, openEngine } from "../../agent/inference/engine.js";
import { spawnWorker } from "../../agent/inference/model-thread.js";
import type { Request, Thread } from "../../agent/inference/protocol.js";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { engineContract, failureCode, inspected } from "../contracts/engine.js";
import { fakeEngine } from "../fakes/engine.js";
import { temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

async function open(model: Partial<TrivialModel> = {}, rest: Partial<EngineOptions> = {}): Promise<Engine> {
  const { modelPath, manifest } = await readBundle(await writeTinyBundle(model));
  const { name, version, sha256, input, threshold } = manifest;
  return openEngine({
    modelPath,
    identity: { name, version, sha256 },
    input,
    threshold,
    providers: ["cpu"],
    threads: 1,
    maxBatch: 8,
    ...rest,
  });
}

engineContract("fake", async () => fakeEngine());
engineContract("worker thread with ONNX Runtime", () => open());

const test = suite("engine");
let engine: Engine | undefined;
test.after.each(async () => {
  await engine?.close();
});

test("a provider that this machine lacks is passed over, with the reason", async () => {
  engine = await open({}, { providers: ["bogus", "cpu"] });
  const { used, tried } = engine.providers();
  assert.is(used, "cpu");
  assert.is(tried[0]!.provider, "bogus");
  assert.not(tried[0]!.taken);
  assert.ok(tried[0]!.reason.length > 0);
});

test("a file that is no model is refused with a code", async () => {
  const modelPath = join(temporaryFolder(), "model.onnx");
  await writeFile(modelPath, "not a model");
  const sha256 = createHash("sha256").update("not a model").digest("hex");
  for (const [said, code] of [
    [sha256, "MODEL_UNREADABLE"],
    ["0".repeat(64), "BUNDLE_HASH_MISMATCH"],
  ] as const) {
    try {
      engine = await open({}, { modelPath, identity: { name: "m", version: "1", sha256: said } });
      assert.unreachable();
    } catch (error) {
      assert.ok(error instanceof CodedError);
      assert.is(error.code, code);
      assert.is(error.at, modelPath);
    }
  }
});

test("a score that is not a number is a failed outcome; the next frame is judged", async () => {
  engine = await open({ nanOnBlack: true });
  assert.is(failureCode(await engine.inspect(greyFrame(0))), "SCORE_NOT_FINITE");
  assert.is(inspected(await engine.inspect(greyFrame(7))).score, 1);
});

test("a map that is not a number somewhere fails its frame, whatever the score; its batch is judged", async () => {
  engine = await open({ nanOnBlack: true });
  const spotted = greyFrame(7);
  spotted.pixels.fill(0, 300, 303);
  const asked = [greyFrame(9), greyFrame(9), greyFrame(9), spotted, greyFrame(9)].map((frame) =>
    engine!.inspect(frame),
  );
  const codes = (await Promise.all(asked)).map(failureCode);
  assert.equal(
    codes.map((code) => code === "SCORE_NOT_FINITE"),
    [false, false, false, true, false],
  );
});

test("a thread that dies fails the frames it held, and its successor judges the rest", async () => {
  const threads: Thread[] = [];
  const restarts: string[] = [];
  engine = await open(
    { width: 512, height: 512 },
    {
      maxBatch: 1,
      restartAfterMs: 10,
      spawn: (setup) => {
        const thread = spawnWorker(setup);
        threads.push(thread);
        return thread;
      },
      onRestart: (reason) => restarts.push(reason),
    },
  );
  const asked = Array.from({ length: 6 }, () => engine!.inspect(greyFrame(9, { width: 512, height: 512 })));
  threads[0]!.postMessage({ kind: "run", id: 0 } as Request, []);
  const codes = (await Promise.all(asked)).map((outcome) =>
    outcome.kind === "inspected" ? "ok" : outcome.failure.code,
  );
  assert.ok(codes.includes("ENGINE_WORKER_DIED"), codes.join());
  assert.ok(codes.filter((code) => code === "ENGINE_WORKER_DIED").length <= 2, "no more are lost than the thread held");
  assert.is(codes.at(-1), "ok");
  assert.is(threads.length, 2);
  assert.is(restarts.length, 1);
});

test("frames asked together are run in one batch", async () => {
  const sizes: number[] = [];
  engine = await open(
    {},
    {
      spawn: (setup) => {
        const thread = spawnWorker(setup);
        return {
          on: thread.on.bind(thread) as Thread["on"],
          unref: () => thread.unref(),
          postMessage: (request, transfer) => {
            if (request.kind === "run") sizes.push(request.frames.length);
            thread.postMessage(request, transfer);
          },
        };
      },
    },
  );
  await Promise.all(Array.from({ length: 18 }, () => engine!.inspect(greyFrame(9))));
  assert.equal(sizes, [1, 1, 8, 8]);
});

/** A figure of how much of its time the event loop was taken, whatever else the machine does: p99 in ms is `retort bench`'s. */
test("the event loop stays free while inference takes every core", async () => {
  const size = { width: 1024, height: 1024 };
  engine = await open(size, { threads: 2, maxBatch: 1 });
  const begun = performance.eventLoopUtilization();
  const until = performance.now() + 1_000;
  let inferenceMs = 0;
  const pump = async (): Promise<void> => {
    let frame = greyFrame(1, size);
    while (performance.now() < until) {
      const inspection = inspected(await engine!.inspect(frame));
      inferenceMs += inspection.inferenceMs;
      frame = inspection.frame;
    }
  };
  await Promise.all([pump(), pump()]);
  const { active, idle, utilization } = performance.eventLoopUtilization(begun);
  const share = inferenceMs / (active + idle);
  assert.ok(share > 0.5, `inference took only ${share.toFixed(2)} of the time: this shows nothing`);
  assert.ok(utilization < share / 2, `the event loop was busy for ${utilization.toFixed(2)} of the time`);
});

test("inference yields its core to capture and MQTT: its threads have a lower priority", async () => {
  if (process.platform !== "linux") return;
  engine = await open({}, { threads: 2 });
  const nice = readdirSync("/proc/self/task").map((task) => niceOf(`/proc/self/task/${task}/stat`));
  const own = niceOf("/proc/thread-self/stat");
  // The thread of the engine, and the one that ONNX Runtime started beside it.
  assert.ok(nice.filter((each) => each > own).length >= 2, nice.join());
});

/** proc(5): the 19th field; the second, the name, may hold spaces. */
function niceOf(stat: string): number {
  const text = readFileSync(stat, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[16]);
}

test.run();
