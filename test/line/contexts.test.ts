import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { AlertPayload, ScorePayload } from "../../agent/contract/payloads.js";
import { partContexts } from "../../agent/line/contexts.js";
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

test("a hundred parts can be named ahead, and the one in force stays; one more is told of, and takes no other's frame", () => {
  const faults: string[] = [];
  const contexts = partContexts(["cam1"], ({ code }) => faults.push(code));
  const name = (part: number) => contexts.hear({ camera: "cam1", context: { part, fromFrame: part } });
  for (let part = 1; part <= 101; part += 1) {
    assert.is(name(part), part);
    if (part === 1) contexts.of("cam1", 1);
  }
  assert.equal([name(102), name(103)], [null, null]);
  assert.equal(faults, ["CONTEXT_TOO_MANY"]);
  assert.is(contexts.of("cam1", 1)?.part, 1);
  assert.is(contexts.of("cam1", 2)?.part, 2);
  assert.is(name(102), 102);
  for (let frame = 3; frame <= 102; frame += 1) assert.is(contexts.of("cam1", frame)?.part, frame);
});

test.run();
