import * as assert from "uvu/assert";
import { memoryHistory } from "../../agent/history/memory.js";
import { newestSteps } from "../../agent/history/newest.js";
import { alertId, alertStep } from "../support/alert-step.js";
import { suite } from "../support/suite.js";

const test = suite("a camera's newest alert");
const historyOf = (...steps: readonly ReturnType<typeof alertStep>[]) => {
  const history = memoryHistory({ maxAlerts: 100, maxAgeMs: 86_400_000, ageMs: () => 0 });
  for (const step of steps) history.record(step);
  return history;
};

test("it is the one that was raised last, not the one of the latest id, nor the one that was acknowledged last", () => {
  const history = historyOf(
    alertStep(1, 1, 0),
    alertStep(1, 2, 1, { phase: "cleared" }),
    alertStep(2, 3, 2),
    alertStep(2, 4, 3, { phase: "cleared" }),
    alertStep(1, 5, 4, { raises: 2 }),
    alertStep(2, 6, 5, { phase: "acknowledged" }),
    alertStep(3, 7, 6, { camera: "cam2" }),
  );
  assert.equal(
    newestSteps(history, "cam1").map(({ id, phase }) => [id, phase]),
    [
      [alertId(1), "raised"],
      [alertId(1), "cleared"],
      [alertId(1), "raised"],
    ],
  );
  assert.equal(newestSteps(history, "cam3"), []);
});

test.run();
