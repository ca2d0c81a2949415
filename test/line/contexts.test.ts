import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { AlertPayload, ScorePayload } from "../../agent/contract/payloads.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("context");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});
const bad = 250;
const good = 10;

test("a frame keeps the context in force when it arrived; scores and alerts bring it along", async () => {
  const camera = fakeCamera("cam1", null);
  const held: (() => void)[] = [];
  const delay = () => new Promise<void>((resolve) => held.push(resolve));
  const { deps, sent, said$, lines } = rig([camera], ["cam1"], {
    loadModel: async () => ({ engine: fakeEngine({ delay }), calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await agent.started;
  const frame = (level: number) => camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level) });
  frame(good);
  said$.next({ camera: "cam1", context: { part: "a" } });
  frame(bad);
  frame(bad);
  said$.next({ camera: "cam2", context: { part: "z" } });
  said$.next({ camera: "cam1", context: { part: "b" } });
  frame(good);
  said$.next({ camera: "cam1", context: null });
  frame(good);
  for (const free of held) free();
  await until(() => of(sent, "cam1/score").length === 5 && of(sent, "cam1/alert").length === 2, "scores and alerts");
  assert.equal(
    of<ScorePayload>(sent, "cam1/score").map(({ context }) => context?.part ?? null),
    [null, "a", "a", "b", null],
  );
  assert.equal(
    of<AlertPayload>(sent, "cam1/alert").map(({ phase, context }) => [phase, context]),
    [
      ["raised", { part: "a" }],
      ["cleared", null],
    ],
  );
  assert.is(lines.filter((line) => line.startsWith("CONTEXT_CAMERA_UNKNOWN")).length, 1);
});

test.run();
