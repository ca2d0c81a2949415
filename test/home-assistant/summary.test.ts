import * as assert from "uvu/assert";
import type { SummaryPayload } from "../../agent/contract/summary.js";
import { alertAfter, CameraSummary, type StepOfAlert } from "../../agent/home-assistant/summary.js";
import type { AlertPhase, Outcome } from "../../agent/types.js";
import { greyFrame } from "../support/frames.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";

const test = suite("a camera's summary");
const older = "01990000-0000-7000-8000-000000000001";
const newer = "01990000-0000-7000-8000-000000000002";

const step = (id: string, phase: AlertPhase): StepOfAlert => {
  return { id, phase, ts: "2026-11-26T09:00:00.000Z", peak: 0.7, raises: 1 };
};
const after = (...steps: readonly StepOfAlert[]): readonly unknown[] => {
  const alert = steps.reduce(alertAfter, null);
  return [alert?.id, alert?.standing, alert?.acknowledged];
};
const scored = (score: number): Outcome => {
  const model = { name: "tiny", version: "1", sha256: "0".repeat(64), provider: "cpu" };
  const map = Float32Array.of(score);
  return {
    kind: "inspected",
    inspection: { frame: greyFrame(0), score, map, model, queueMs: 0, inferenceMs: 0 },
  };
};

test("an alert stays acknowledged while it goes on, and asks again once it is raised anew", () => {
  assert.equal(after(step(older, "raised")), [older, true, false]);
  assert.equal(after(step(older, "raised"), step(older, "acknowledged")), [older, true, true]);
  const seen = [step(older, "raised"), step(older, "acknowledged"), step(older, "updated")];
  assert.equal(after(...seen), [older, true, true]);
  assert.equal(after(...seen, step(older, "cleared")), [older, false, true]);
  assert.equal(after(...seen, step(older, "cleared"), step(older, "raised")), [older, true, false]);
  assert.equal(after(step(older, "raised"), step(older, "cleared")), [older, false, false]);
});

test("who acknowledges an alert of yesterday acknowledges nothing of today's", () => {
  const steps = [step(older, "raised"), step(newer, "raised"), step(older, "acknowledged")];
  assert.equal(after(...steps), [newer, true, false]);
});

test("an alert that is raised is the newest, whatever its id: its defect came back at its place, or the clock was set back", () => {
  const back = [step(older, "raised"), step(older, "cleared"), step(newer, "raised"), step(newer, "cleared")];
  assert.equal(after(...back, step(older, "raised")), [older, true, false]);
  assert.equal(after(...back, step(older, "raised"), step(newer, "acknowledged")), [older, true, false]);
  assert.equal(after(...back, step(older, "raised"), step(older, "cleared")), [older, false, false]);
  assert.equal(after(step(older, "raised"), step(newer, "cleared")), [newer, false, false], "held back while shelved");
});

test("the highest score of each interval is told, and nothing twice; what people change is told at once", () => {
  const camera = {
    config: { id: "cam1" },
    enabled: true,
    alerts: { shelvedUntilMs: null as number | null },
    parts: null,
  };
  let threshold = 0.5;
  const summary = new CameraSummary({ ...camera, threshold: () => threshold }, { scoreEveryMs: 5_000, alert: null });
  const told = (nowMs: number): SummaryPayload | null => {
    const message = summary.next(nowMs, 1_764_147_600_000 + nowMs);
    if (message === null) return null;
    assert.equal([message.topic, message.qos, message.retain], ["cam1/summary", 1, true]);
    const payload = message.payload as SummaryPayload;
    assert.equal(schemaFaults("summary", payload), []);
    return payload;
  };
  assert.is(told(0)?.score, null);
  assert.is(told(500), null);
  for (const score of [0.2, 0.9, 0.3]) summary.saw(scored(score));
  assert.is(told(1_000)?.score, 0.9);
  summary.saw(scored(0.4));
  assert.is(told(2_000), null, "not in this interval");
  threshold = 0.6;
  const changed = told(2_500);
  assert.equal([changed?.threshold, changed?.score], [0.6, 0.9]);
  assert.is(told(6_000)?.score, 0.4);
  assert.is(told(11_500), null, "without a picture the last score stands");
});

test.run();
