import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { CommandOutcome, HealthPayload, StatePayload } from "../../agent/contract/payloads.js";
import { loadModel } from "../../agent/inference/load.js";
import { goldenPictures } from "../../agent/self-test/golden-pictures.js";
import { runSelfTest, selfTestFault } from "../../agent/self-test/self-test.js";
import { packageRoot } from "../../config/package-root.js";
import type { SelfTestConfig } from "../../config/types.js";
import { writePng } from "../../models/pictures/images.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, inferenceConfig, temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const size = { width: 16, height: 16 };
const never = new AbortController().signal;

/** Folders of golden pictures, each of one grey. */
async function golden(bad: readonly number[], good: readonly number[] = []): Promise<SelfTestConfig> {
  const folder = temporaryFolder();
  const write = (kind: string, level: number) =>
    writePng(join(folder, kind, `${level}.png`), greyFrame(level, size).pixels, size, 3);
  for (const level of bad) await write("bad", level);
  for (const level of good) await write("good", level);
  const goodPath = good.length > 0 ? join(folder, "good") : null;
  return { path: join(folder, "bad"), goodPath, everyMinutes: 60 };
}

const one = suite("a golden-sample test");

one("known-bad pictures must be above the threshold, known-good ones at or below it", async () => {
  const config = await golden([200, 255], [0, 51]);
  const ran = await runSelfTest(fakeEngine(), (input) => goldenPictures(config, input), never);
  assert.is(ran.kind, "run");
  if (ran.kind !== "run") return;
  assert.equal(
    ran.scores.map(({ name, bad, score }) => [name, bad, score?.toFixed(2)]),
    [
      ["200.png", true, "0.78"],
      ["255.png", true, "1.00"],
      ["0.png", false, "0.00"],
      ["51.png", false, "0.20"],
    ],
  );
  assert.is(selfTestFault(ran.scores, 0.5), null);
  assert.match(selfTestFault(ran.scores, 0.9)!, /^SELF_TEST_FAILED: 1 of 2 known-bad/);
  assert.match(selfTestFault(ran.scores, 0.1)!, /^SELF_TEST_FAILED: known-good/);
});

one("of a folder no more pictures are read than are wanted", async () => {
  const config = await golden([200, 255], [0, 51]);
  const names: string[] = [];
  for await (const { name } of goldenPictures(config, size, 1)) names.push(name);
  assert.equal(names, ["200.png", "0.png"]);
});

one("a picture that the model cannot judge is one that it does not see", () => {
  assert.match(selfTestFault([{ name: "a", bad: true, score: null }], 0.5)!, /^SELF_TEST_FAILED/);
});

one("pictures that are gone, or an engine that is away, say nothing of the model", async () => {
  const config = await golden([200]);
  const gone = { ...config, path: join(config.path, "gone") };
  assert.is((await runSelfTest(fakeEngine(), (input) => goldenPictures(gone, input), never)).kind, "broken");
  const closed = fakeEngine();
  await closed.close();
  assert.is((await runSelfTest(closed, (input) => goldenPictures(config, input), never)).kind, "broken");
});

one("the shipped model sees the demo's golden parts", async () => {
  const { engine } = await loadModel(join(packageRoot(), "models/demo"), {
    inference: inferenceConfig({ threads: 2, maxBatch: 1 }),
    mostWaiting: 1,
    onRestart: () => undefined,
  });
  const config = { path: "demo", goodPath: null, everyMinutes: 60 };
  const ran = await runSelfTest(engine, (input) => goldenPictures(config, input), never);
  await engine.close();
  assert.ok(ran.kind === "run");
  if (ran.kind !== "run") return;
  assert.equal(
    ran.scores.map(({ bad }) => bad),
    [false, true, true, true],
  );
  assert.is(selfTestFault(ran.scores, engine.threshold), null);
});

one.run();

const whole = suite("golden-sample tests of the agent");
let agent: RunningAgent | undefined;
whole.after.each(async () => {
  await agent?.stop();
});

whole("a model that no longer sees faults its cameras until it sees again; frames are judged meanwhile", async () => {
  const selfTest = await golden([200]);
  const camera = fakeCamera("cam1", null);
  const engine = fakeEngine();
  const { deps, sent, command$ } = rig([camera], ["cam1"], { loadModel: async () => ({ engine, calibration: null }) });
  const models = { plate: { path: "plate", selfTest } };
  agent = await startAgent(configOf([cameraConfig("cam1")], { models }), deps);
  await agent.started;
  let ids = 0;
  const ask = (command: string, args: object) =>
    new Promise<CommandOutcome>((reply) => {
      const id = String((ids += 1));
      command$.next({ command, id, args: { id, ...args }, via: "mqtt", by: null, fault: null, reply });
    });
  const test = async () => {
    const outcome = await ask("status", { selfTest: true });
    assert.ok(outcome.ok);
    const health = (outcome as { result: HealthPayload }).result;
    assert.equal(schemaFaults("health", health), []);
    return health.selfTests.plate!;
  };
  const state = () => of<StatePayload>(sent, "cam1/state").at(-1)!;

  assert.equal([(await test()).passed, state().state], [true, "ok"]);
  await ask("threshold", { camera: "cam1", threshold: 0.9 });
  const failed = await test();
  assert.equal([failed.passed, failed.pictures], [false, 1]);
  assert.is(state().state, "faulted");
  assert.match(state().reason!, /^SELF_TEST_FAILED/);
  assert.is(agent.cameras[0]?.fault, state().reason);
  camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(10) });
  await until(() => of(sent, "cam1/score").length === 1, "a score");
  camera.tell({ kind: "condition", camera: "cam1", condition: "no-signal", reason: "unplugged" });
  assert.is(state().state, "no-signal");
  assert.match(agent.cameras[0]?.fault ?? "", /^SELF_TEST_FAILED/, "known also while something else is shown");
  camera.tell({ kind: "condition", camera: "cam1", condition: "delivering", reason: null });
  assert.is(state().state, "faulted");
  await ask("threshold", { camera: "cam1", threshold: null });
  assert.equal([(await test()).passed, state().state], [true, "ok"]);
  // A threshold that is blind to what the last test showed need not wait for the next one.
  await ask("threshold", { camera: "cam1", threshold: 0.9 });
  await until(() => state().state === "faulted", "told of the blind threshold");
  await ask("threshold", { camera: "cam1", threshold: null });
  await until(() => state().state === "ok", "told that it sees again");
});

whole("the test comes by itself at the start, and one that cannot be run is told and faults nobody", async () => {
  const camera = fakeCamera("cam1", [10]);
  const { deps, sent, lines } = rig([camera], ["cam1"]);
  const empty = temporaryFolder();
  await mkdir(join(empty, "bad"));
  const models = { plate: { path: "plate", selfTest: { path: join(empty, "bad"), goodPath: null, everyMinutes: 60 } } };
  agent = await startAgent(configOf([cameraConfig("cam1")], { models }), deps);
  await until(
    () => of<HealthPayload>(sent, "health").some(({ selfTests }) => "plate" in selfTests),
    "the test's result",
  );
  const { passed, reason } = of<HealthPayload>(sent, "health").at(-1)!.selfTests.plate!;
  assert.is(passed, null);
  assert.match(reason!, /^IMAGE_FOLDER_EMPTY/);
  assert.ok(lines.some((text) => text.startsWith("SELF_TEST_BROKEN")));
  assert.is(of<StatePayload>(sent, "cam1/state").at(-1)!.state, "ok");
});

whole.run();
