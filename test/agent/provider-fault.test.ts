import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { HealthPayload, StatePayload } from "../../agent/contract/payloads.js";
import type { EngineHealth } from "../../agent/contract/provider-health.js";
import { ProviderFaults } from "../../agent/health/provider-faults.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { schemaFaults } from "../support/schemas.js";
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

test("settings that do nothing with the provider in use stand in the log and in health", async () => {
  const unreached = ["inference.dlaCore: the model runs on cuda, which takes no such setting"];
  const engine = { ...fakeEngine(), providers: () => ({ used: "cuda", tried: [], unreached }) };
  const { deps, sent, lines } = rig([fakeCamera("cam1", [20, 20, 20])], ["cam1"], {
    loadModel: async () => ({ engine, calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  const health = () => of<HealthPayload>(sent, "health");
  await until(() => health().at(-1)?.providers.plate?.unreached?.length === 1, "health with it");
  await until(() => lines.includes(`model plate: ${unreached[0]}`), "the log with it");
});

test("an engine that is built is in the states of its model's cameras, in health and in the log, and is no fault", async () => {
  let engineOf: EngineHealth = {
    ...{ state: "building-engine", ageS: 12, attempt: 1, failures: 0, failure: null, difference: null },
    step: "its engine is being built: 1 of 4 sizes of batch run",
  };
  const engine = { ...fakeEngine(), providers: () => ({ used: "cuda", tried: [], fault: null, engine: engineOf }) };
  const { deps, sent, lines } = rig([fakeCamera("cam1", [20, 20, 20])], ["cam1"], {
    loadModel: async () => ({ engine, calibration: null }),
  });
  agent = await startAgent(configOf([cameraConfig("cam1")]), deps);
  const states = () => of<StatePayload>(sent, "cam1/state");
  const last = () => of<HealthPayload>(sent, "health").at(-1);
  await until(
    () => states().at(-1)?.engine === "building-engine" && states().at(-1)?.state === "ok",
    "a state with it",
  );
  await until(() => last()?.providers.plate?.engine?.ageS === 12, "health with it");
  assert.equal(schemaFaults("health", last()), []);
  assert.equal(schemaFaults("state", states().at(-1)), []);
  assert.is(states().at(-1)!.faults, undefined);
  await until(() => lines.some((line) => /^model plate: building-engine: .*, build 1$/.test(line)), "the log with it");
  const difference = { pictures: 4, worst: 0.002, limit: 0.1, lost: 0 };
  engineOf = { ...engineOf, state: "ready", step: "its engine judges", difference };
  await until(() => states().at(-1)!.engine === undefined, "a state without it");
  await until(
    () => lines.some((line) => /ready: its engine judges.* by 0.20 % at most$/.test(line)),
    "the log with it",
  );
});

test("they are told once, and again when others do nothing", () => {
  const told: string[] = [];
  let unreached: readonly string[] = ["inference.dlaCore: why"];
  const faults = new ProviderFaults({
    models: new Map([["plate", { engine: { providers: () => ({ used: "cuda", tried: [], unreached }) } }]]),
    onChange: () => assert.unreachable(),
    onUnreached: (model, settings) => told.push(`${model}: ${settings.length}`),
    onEngine: () => assert.unreachable(),
  });
  faults.tick();
  faults.tick();
  unreached = [];
  faults.tick();
  assert.equal(told, ["plate: 1", "plate: 0"]);
});

test.run();
