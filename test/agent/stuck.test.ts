import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("an agent that is stuck");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

test("a model that never answers, past its engine's own remedies, is told for its camera, until it answers", async () => {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const engine = fakeEngine({ delay: () => answered, answersWithinMs: 1 });
  const cameras = [fakeCamera("cam1", [20, 20, 20]), fakeCamera("cam2", null)];
  const { deps, lines, sent } = rig(cameras, ["cam1", "cam2"], {
    loadModel: async () => ({ engine, calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1"), cameraConfig("cam2")]), deps);
  await agent.up;
  cameras[1]!.tell({ kind: "condition", camera: "cam2", condition: "no-signal", reason: "it is unplugged" });
  await until(() => agent!.stuck().length > 0, "the pipeline is stuck");
  assert.equal(
    agent.stuck().map(({ what, code }) => `${what} ${code}`),
    ["cameras.cam1 PIPELINE_STUCK"],
  );
  await until(() => lines.some((line) => line.startsWith("PIPELINE_STUCK: cameras.cam1")), "the log says it");
  answer();
  await until(() => of(sent, "cam1/score").length === 3, "scores");
  await until(() => agent!.stuck().length === 0, "it is stuck no more");
});

test.run();
