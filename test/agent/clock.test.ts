import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { VerdictPayload } from "../../agent/contract/part-payloads.js";
import type {
  AlertPayload,
  HealthPayload,
  ScorePayload,
  StatePayload,
  StatusPayload,
} from "../../agent/contract/payloads.js";
import type { Clock } from "../../agent/kit/clock.js";
import { fakeCamera } from "../fakes/camera.js";
import { of, rig } from "../support/agent-rig.js";
import { alertConfig, cameraConfig, configOf } from "../support/config.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("an agent whose clock is not set yet");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

test("every message with a time says so, and none any more once it is set; what is retained is said anew, by the true time", async () => {
  let offsetMs = -Date.now();
  const wallMs = (): number => Date.now() + offsetMs;
  const clock: Clock = { wallMs, monotonicMs: () => performance.now(), isDoubted: (ms) => ms < Date.UTC(2026, 0, 1) };
  const camera = fakeCamera("cam1", [20, 250, 250]);
  const { deps, sent, lines } = rig([camera], ["cam1"], { clock });
  const parts = { ...cameraConfig("cam1").parts, per: "frame" as const };
  const config = cameraConfig("cam1", { alert: alertConfig({ raiseAfter: 1 }), parts });
  agent = await startAgent(configOf([config]), deps);
  const said = {
    alert: () => of<AlertPayload>(sent, "cam1/alert"),
    verdict: () => of<VerdictPayload>(sent, "cam1/verdict"),
    state: () => of<StatePayload>(sent, "cam1/state"),
    health: () => of<HealthPayload>(sent, "health"),
  };
  for (const [name, messages] of Object.entries(said)) {
    // A fake camera stamps its frames by the true clock.
    const isByAgent = name === "state" || name === "health";
    await until(() => messages().length > 0, `one ${name} at least`);
    if (isByAgent) assert.is(messages().at(-1)!.clock, "unsynchronised", name);
    assert.equal(
      messages().flatMap((payload) => schemaFaults(name, payload)),
      [],
    );
  }
  assert.ok(said.state().at(-1)!.ts.startsWith("1970"));
  await until(() => lines.some((line) => line.startsWith("CLOCK_UNSYNCHRONISED")), "the log says it");

  const before = said.state().at(-1)!;
  offsetMs = 0;
  await until(() => said.state().at(-1)!.clock === undefined, "its state is said anew");
  const after = said.state().at(-1)!;
  assert.is(after.state, before.state);
  assert.ok(Math.abs(Date.parse(after.since) - Date.now()) < 60_000, after.since);
  await until(() => of<StatusPayload>(sent, "status").length > 0, "its status is said anew");
  assert.is(of<StatusPayload>(sent, "status")[0]!.clock, undefined);
  await until(() => said.health().at(-1)!.clock === undefined, "its health");
  await until(() => lines.some((line) => line.startsWith("the clock is set")), "the log says it");
});

test("alerts, verdicts and scores of pictures from before are marked", async () => {
  const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now(), isDoubted: () => true };
  const { deps, sent } = rig([fakeCamera("cam1", [250, 250])], ["cam1"], { clock });
  const parts = { ...cameraConfig("cam1").parts, per: "frame" as const };
  agent = await startAgent(configOf([cameraConfig("cam1", { alert: alertConfig({ raiseAfter: 1 }), parts })]), deps);
  for (const name of ["alert", "verdict", "score"] as const) {
    const messages = () => of<AlertPayload | VerdictPayload | ScorePayload>(sent, `cam1/${name}`);
    await until(() => messages().length > 0, name);
    assert.is(messages()[0]!.clock, "unsynchronised", name);
    assert.equal(schemaFaults(name, messages()[0]), []);
  }
});

test.run();
