import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { HealthPayload, StatePayload } from "../../agent/contract/payloads.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("provider fault");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

test("a model that runs where it was not to is a fault in the states of its cameras, in health and in the log, until it is over", async () => {
  let fault: string | null = "PROVIDER_NOT_USED: the model runs on cpu; cuda: no library";
  const engine = { ...fakeEngine(), providers: () => ({ used: "cpu", tried: [], fault }) };
  const { deps, sent, lines } = rig([fakeCamera("cam1", [20, 20, 20])], ["cam1"], {
    loadModel: async () => ({ engine, calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  const states = () => of<StatePayload>(sent, "cam1/state");
  await until(
    () => states().some(({ state, faults }) => state === "ok" && faults?.provider === fault),
    "a state with it",
  );
  await until(() => of(sent, "cam1/score").length === 3, "scores: frames are judged all the same");
  await until(() => of<HealthPayload>(sent, "health").at(-1)?.providers.plate?.fault === fault, "health with it");
  await until(() => lines.some((line) => line === `model plate: ${fault}`), "the log with it");

  const before = states().at(-1)!;
  fault = null;
  await until(() => states().at(-1)!.faults === undefined, "a state without it");
  const after = states().at(-1)!;
  assert.equal([after.state, after.since], [before.state, before.since], "the state itself is the same, and as old");
});

test.run();
