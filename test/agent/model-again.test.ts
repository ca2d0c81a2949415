import * as assert from "uvu/assert";
import { startAgent } from "../../agent/agent.js";
import type { StatePayload } from "../../agent/contract/payloads.js";
import { CodedError } from "../../errors.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("a model that is not there yet");

test("a model that could not be loaded is tried again by itself: a disk that came late, a bundle that was mended", async () => {
  let isThere = false;
  const { deps, sent } = rig([fakeCamera("cam1", [10])], ["cam1"], {
    loadModel: async () => {
      if (!isThere) throw new CodedError("BUNDLE_UNREADABLE", "no such folder", { remedy: "Copy it." });
      return { engine: fakeEngine(), calibration: null };
    },
  });
  const agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  await agent.started;
  assert.is(of<StatePayload>(sent, "cam1/state").at(-1)!.state, "faulted");
  isThere = true;
  await until(() => of(sent, "cam1/score").length === 1, "a score");
  await until(() => of<StatePayload>(sent, "cam1/state").at(-1)!.state === "ok", "the camera is well");
  await agent.stop();
});

test.run();
