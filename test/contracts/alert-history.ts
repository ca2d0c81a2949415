import * as assert from "uvu/assert";
import type { AlertHistory, Retention } from "../../agent/history/history.js";
import { alertId, alertStep, START_MS } from "../support/alert-step.js";
import { suite } from "../support/suite.js";

export interface HistoryRig {
  readonly history: AlertHistory;
  close(): Promise<void>;
}

export type OpenHistory = (retention: Retention, wallMs: () => number) => Promise<HistoryRig>;

const generous: Retention = { maxAlerts: 100, maxAgeMs: 86_400_000 };

/** What every AlertHistory must do. */
export function alertHistoryContract(name: string, open: OpenHistory): void {
  const test = suite(`alert history contract: ${name}`);
  let rig: HistoryRig;
  let nowMs = START_MS;
  const start = async (retention: Retention): Promise<AlertHistory> => {
    nowMs = START_MS;
    rig = await open(retention, () => nowMs);
    return rig.history;
  };
  test.after.each(() => rig.close());
  const numbers = (history: AlertHistory, query = {}): number[] =>
    history.list({ limit: 100, ...query }).map(({ latest }) => Number(latest.id.slice(-6)));

  test("an alert is its latest step, all its steps in short, and the moment of the first", async () => {
    const history = await start(generous);
    history.record(alertStep(1, 1, 0));
    history.record(alertStep(1, 2, 5, { phase: "updated", peak: 0.95 }));
    history.record(alertStep(1, 3, 9, { phase: "cleared" }));
    const record = history.find(alertId(1))!;
    assert.equal([record.latest.phase, record.latest.seq, record.stepCount], ["cleared", 3, 3]);
    assert.equal(
      record.steps.map(({ seq, phase, peak }) => `${seq} ${phase} ${peak}`),
      ["1 raised 0.9", "2 updated 0.95", "3 cleared 0.9"],
    );
    assert.is(record.since, "2026-03-01T08:00:00.000Z");
    assert.is(history.find(alertId(2)), null);
  });

  test("a step that comes twice, or late, counts once", async () => {
    const history = await start(generous);
    history.record(alertStep(1, 2, 5, { phase: "cleared" }));
    history.record(alertStep(1, 2, 5, { phase: "cleared", replayed: true }));
    history.record(alertStep(1, 1, 0));
    assert.equal([history.find(alertId(1))!.latest.phase, history.find(alertId(1))!.stepCount], ["cleared", 1]);
  });

  test("the list: latest step first, by camera, since a moment, no more than asked for", async () => {
    const history = await start(generous);
    history.record(alertStep(1, 1, 0));
    history.record(alertStep(2, 2, 1, { camera: "cam2" }));
    history.record(alertStep(3, 3, 2));
    history.record(alertStep(1, 4, 3, { phase: "updated" }));
    assert.equal(numbers(history), [1, 3, 2]);
    assert.equal(numbers(history, { camera: "cam2" }), [2]);
    assert.equal(numbers(history, { sinceMs: START_MS + 2_000 }), [1, 3]);
    assert.equal(numbers(history, { limit: 1 }), [1]);
    assert.equal(numbers(history, { camera: "nobody" }), []);
  });

  test("bounded: past the number, and past the age, the one with the oldest step goes", async () => {
    const history = await start({ maxAlerts: 3, maxAgeMs: 60_000 });
    for (let n = 1; n <= 3; n += 1) history.record(alertStep(n, n, n));
    history.record(alertStep(1, 4, 4, { phase: "updated" }));
    history.record(alertStep(4, 5, 5));
    assert.equal(numbers(history), [4, 1, 3]);
    nowMs = START_MS + 64_500;
    assert.equal(numbers(history), [4]);
    assert.is(history.find(alertId(3)), null);
  });

  test.run();
}
