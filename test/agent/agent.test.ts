import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EMPTY } from "rxjs";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { AlertPayload, HealthPayload, ScorePayload, StatePayload } from "../../agent/contract/payloads.js";
import { loadModel } from "../../agent/inference/load.js";
import { abandon, MOST_STUCK } from "../../agent/inference/stuck.js";
import { CodedError } from "../../errors.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { noBroker } from "../fakes/message-sink.js";
import { fakeThread } from "../fakes/thread.js";
import { of, rig } from "../support/agent-rig.js";
import { alertConfig, cameraConfig, configOf } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("agent");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

const bad = 250;
const good = 10;

test("a broken part gives scores, one alert from raised to cleared, and the states between", async () => {
  const camera = fakeCamera("cam1", [good, good, bad, bad, bad, good, good, good]);
  const { deps, sent } = rig([camera], ["cam1"]);
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await until(() => of(sent, "cam1/score").length === 8 && of(sent, "cam1/alert").length === 2, "8 scores, 2 alerts");

  const scores = of<ScorePayload>(sent, "cam1/score");
  assert.equal(
    scores.map(({ frame }) => frame),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(
    scores.map(({ anomalous }) => anomalous),
    [false, false, true, true, true, false, false, false],
  );
  assert.ok(scores.every(({ latencyMs }) => latencyMs.total >= 0));

  const [raised, cleared] = of<AlertPayload>(sent, "cam1/alert");
  assert.equal([raised!.phase, cleared!.phase], ["raised", "cleared"]);
  assert.is(raised!.id, cleared!.id);
  assert.equal([raised!.seq, cleared!.seq], [1, 2]);
  assert.equal(raised!.regions, [{ x: 0, y: 0, width: 16, height: 16, area: 256, score: raised!.score }]);
  assert.is(cleared!.frames, 3);
  assert.is(raised!.calibration, "fixed, 3 images");

  const states = of<StatePayload>(sent, "cam1/state").map(({ state }) => state);
  assert.equal(
    states.filter((state, index) => state !== states[index - 1]),
    ["starting", "ok", "anomalous", "ok"],
  );
  const retained = sent.filter(({ topic }) => topic === "cam1/state");
  assert.ok(retained.every(({ retain, qos }) => retain && qos === 1));
});

test("a camera's own threshold outranks the model's", async () => {
  const { deps, sent } = rig([fakeCamera("cam1", [100, 100, 100])], ["cam1"]);
  const alert = alertConfig({ threshold: 0.3 });
  agent = await startAgent(configOf([cameraConfig("cam1", { alert })]), deps);
  await until(() => of(sent, "cam1/alert").length === 1, "the alert");
  assert.is(of<ScorePayload>(sent, "cam1/score")[0]!.threshold, 0.3);
});

test("seq goes on after a restart", async () => {
  const config = configOf([cameraConfig("cam1")]);
  const seqs: number[] = [];
  for (let start = 0; start < 2; start += 1) {
    const { deps, sent } = rig([fakeCamera("cam1", [bad, bad, good, good])], ["cam1"]);
    const running = await startAgent(config, deps);
    await until(() => of(sent, "cam1/alert").length === 2, "two alerts");
    await running.stop();
    seqs.push(...of<AlertPayload>(sent, "cam1/alert").map(({ seq }) => seq));
  }
  assert.equal(seqs, [1, 2, 3, 4]);
});

test("a damaged sequence file is an error with a code, not a count from 1", async () => {
  const config = configOf([cameraConfig("cam1")]);
  await writeFile(join(config.state.path, "alert-seq"), "12x");
  const { deps } = rig([fakeCamera("cam1", null)], ["cam1"]);
  try {
    agent = await startAgent(config, deps);
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.is(error.code, "STATE_UNREADABLE");
  }
});

test("a model that cannot be loaded faults its cameras; the others go on", async () => {
  const cameras = [fakeCamera("cam1", [good]), fakeCamera("cam2", [good, good])];
  const config = configOf([cameraConfig("cam1", { model: "broken" }), cameraConfig("cam2")], {
    models: { plate: { path: "plate" }, broken: { path: "broken" } },
  });
  const { deps, sent } = rig(cameras, ["cam1", "cam2"], {
    loadModel: async (dir) => {
      if (dir === "broken") throw new CodedError("BUNDLE_UNREADABLE", "no such folder", { remedy: "Copy it." });
      return { engine: fakeEngine(), calibration: null };
    },
  });
  agent = await startAgent(config, deps);
  await agent.started;
  await until(() => of(sent, "cam2/score").length === 2, "the other camera's scores");
  const last = of<StatePayload>(sent, "cam1/state").at(-1)!;
  assert.is(last.state, "faulted");
  assert.match(last.reason!, "BUNDLE_UNREADABLE");
  assert.not(cameras[0]!.watched());
});

test("an agent whose inference threads do not come back asks for a new process, once they are too many", async () => {
  let restarted: (reason: string) => void = () => undefined;
  const threads = Array.from({ length: MOST_STUCK + 1 }, () => fakeThread({ silent: true }));
  const { deps, sent, lines } = rig([fakeCamera("cam1", null)], ["cam1"], {
    loadModel: async (_dir, { onRestart }) => {
      restarted = onRestart;
      return { engine: fakeEngine(), calibration: null };
    },
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await agent.started;
  let unfit: CodedError | undefined;
  void agent.unfit.then((why) => {
    unfit = why;
  });
  for (const thread of threads) {
    assert.is(unfit, undefined);
    abandon(thread);
    restarted("no answer");
  }
  await until(() => unfit !== undefined, "the agent gives up");
  assert.is(unfit!.code, "AGENT_STUCK");
  assert.is(lines.filter((line) => line.includes("started again")).length, MOST_STUCK);
  await until(() => of<HealthPayload>(sent, "health").at(-1)?.stuckThreads === MOST_STUCK + 1, "health that tells it");
  for (const thread of threads) thread.exit();
});

test("a model that yields NaN faults its camera with the reason; the camera recovers with the model", async () => {
  const levels = [7, 0, 0, 0, 7, 7];
  const { deps, sent } = rig([fakeCamera("cam1", levels)], ["cam1"], { loadModel });
  const models = { plate: { path: await writeTinyBundle({ nanOnBlack: true }) } };
  agent = await startAgent(
    configOf([cameraConfig("cam1", { alert: alertConfig({ threshold: 2 }) })], { models }),
    deps,
  );
  await until(() => of(sent, "cam1/score").length === 3, "the scores of those that could be judged");
  const states = of<StatePayload>(sent, "cam1/state").filter(({ state }) => state !== "starting");
  assert.equal(
    states.map(({ state }) => state),
    ["ok", "faulted", "ok"],
  );
  assert.match(states[1]!.reason!, "SCORE_NOT_FINITE");
  assert.is(agent.cameras[0]!.ledger.counts().failed, 3);
});

test("a disabled camera says so and is never opened", async () => {
  const camera = fakeCamera("cam1", [good]);
  const { deps, sent } = rig([camera], ["cam1"]);
  agent = await startAgent(configOf([cameraConfig("cam1", { enabled: false })]), deps);
  await agent.started;
  assert.is(of<StatePayload>(sent, "cam1/state").at(-1)!.state, "disabled");
  assert.not(camera.watched());
});

test("cameras of one model share one engine", async () => {
  let loads = 0;
  const cameras = [fakeCamera("cam1", [good]), fakeCamera("cam2", [good])];
  const { deps, sent } = rig(cameras, ["cam1", "cam2"], {
    loadModel: async () => {
      loads += 1;
      return { engine: fakeEngine(), calibration: null };
    },
  });
  agent = await startAgent(configOf([cameraConfig("cam1"), cameraConfig("cam2")]), deps);
  await until(() => of(sent, "cam1/score").length + of(sent, "cam2/score").length === 2, "both scores");
  assert.is(loads, 1);
});

test("no more frames are asked for than can be on their way", async () => {
  let free: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    free = resolve;
  });
  const camera = fakeCamera(
    "cam1",
    Array.from({ length: 50 }, () => good),
  );
  const { deps, sent } = rig([camera], ["cam1"], {
    loadModel: async () => ({ engine: fakeEngine({ delay: () => held }), calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await until(() => camera.delivered() === 2, "two frames");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.is(camera.delivered(), 2, "the engine holds two and has judged none");
  const { captured, inFlight } = agent.cameras[0]!.ledger.counts();
  assert.equal([captured, inFlight], [2, 2]);
  free();
  await until(() => of(sent, "cam1/score").length === 50, "all of them in the end");
});

test("health accounts for every frame at any moment", async () => {
  function* endless(): Generator<number> {
    for (let n = 0; ; n += 1) yield n % 7 === 0 ? bad : good;
  }
  const camera = fakeCamera("cam1", endless());
  const { deps, sent } = rig([camera], ["cam1"], {
    loadModel: async () => ({
      engine: fakeEngine({ delay: () => new Promise((resolve) => setImmediate(resolve)) }),
      calibration: null,
    }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  const dropping = setInterval(
    () => camera.tell({ kind: "dropped", camera: "cam1", reason: "newer-frame", count: 3 }),
    5,
  );
  await until(() => of(sent, "health").length >= 5, "five health messages");
  clearInterval(dropping);
  const reports = of<HealthPayload>(sent, "health");
  for (const { cameras } of reports) {
    const { captured, scored, dropped, failed, inFlight } = cameras.cam1!;
    assert.is(captured, scored + (dropped["newer-frame"] ?? 0) + failed + inFlight);
  }
  // On a busy machine two health messages may follow each other without a frame between.
  const last = reports.findLast(({ cameras }) => cameras.cam1!.fps > 0)!;
  assert.ok(last.cameras.cam1!.latencyMs!.p99 >= last.cameras.cam1!.latencyMs!.p50);
  assert.is(last.providers.plate!.used, "cpu");
  assert.equal(last.temperaturesC, { cpu: 40 });
});

test("frames that cannot be judged fault the camera, and the next good one heals it", async () => {
  const camera = fakeCamera("cam1", null);
  const engine = fakeEngine();
  const { deps, sent } = rig([camera], ["cam1"], { loadModel: async () => ({ engine, calibration: null }) });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await agent.started;
  const frame = (side: number) =>
    ({ kind: "frame", camera: "cam1", frame: greyFrame(good, { width: side, height: side }) }) as const;
  for (let n = 0; n < 3; n += 1) camera.tell(frame(8));
  const states = () => of<StatePayload>(sent, "cam1/state").map(({ state }) => state);
  await until(() => states().at(-1) === "faulted", "faulted");
  assert.match(of<StatePayload>(sent, "cam1/state").at(-1)!.reason!, "FRAME_SIZE");
  camera.tell(frame(16));
  await until(() => states().at(-1) === "ok", "ok");
  const { captured, scored, failed } = agent.cameras[0]!.ledger.counts();
  assert.equal([captured, scored, failed], [4, 1, 3]);
});

test("stops within 5 s though a camera never delivers, an engine never answers and the broker never lets go", async () => {
  const cameras = [fakeCamera("cam1", null), fakeCamera("cam2", [good, good])];
  const never = new Promise<void>(() => undefined);
  const { deps, sent } = rig(cameras, ["cam1", "cam2"], {
    loadModel: async () => ({ engine: fakeEngine({ delay: () => never }), calibration: null }),
    openPublisher: async () => ({
      publish: () => never,
      health: () => noBroker,
      context$: EMPTY,
      command$: EMPTY,
      keepSession: () => ({ close: () => never }),
      heard$: EMPTY,
      close: () => never,
    }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1"), cameraConfig("cam2")]), deps);
  await until(() => cameras[1]!.delivered() === 2, "frames in flight");
  const startedAtMs = performance.now();
  await agent.stop();
  assert.ok(performance.now() - startedAtMs < 5_000);
  assert.not(cameras.some((camera) => camera.watched()));
  assert.is(sent.length, 0);
});

test("a stop tells the frames that are in flight before the connection is closed", async () => {
  const camera = fakeCamera("cam1", [good, good, good]);
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
  const { deps, sent, closed } = rig([camera], ["cam1"], {
    loadModel: async () => ({ engine: fakeEngine({ delay: slow }), calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await until(() => camera.delivered() === 2, "two frames in flight");
  await agent.stop();
  assert.is(of(sent, "cam1/score").length, 2);
  assert.is(agent.cameras[0]!.ledger.counts().inFlight, 0);
  assert.ok(closed());
});

test.run();
