import * as assert from "uvu/assert";
import { atThreshold, costOf, hindsightAt, mostRejected, thresholdCosts } from "../../models/evaluate/operating.js";
import { suite } from "../support/suite.js";

const test = suite("what a threshold costs");

const scores = { good: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], defects: [6, 9.5, 11, 12] };

test("found, missed and rejected are counted at the threshold, with their shares", () => {
  const { upper95, ...counted } = atThreshold(scores, 9, 0.01);
  assert.equal(counted, {
    ...{ threshold: 9, wantedRate: 0.01, found: 3, missed: 1, falseAlarms: 1, good: 10 },
    ...{ recall: 0.75, falseAlarmRate: 0.1, f1: 6 / 8 },
  });
  // Clopper and Pearson: the p with (1 - p)^10 + 10 p (1 - p)^9 = 0.05.
  assert.ok(Math.abs(upper95! - 0.39416) < 1e-5, String(upper95));
});

test("a score on the threshold is no alarm, as the agent judges", () => {
  assert.equal(costOf(5, { good: [5, 5, 6], defects: [5, 5, 7] }), { threshold: 5, missed: 2, falseAlarms: 1 });
});

test("hindsight is the lowest threshold that rejects no more good pictures than wanted", () => {
  assert.equal(hindsightAt(scores, 0.01), { rate: 0.01, threshold: 10, recall: 0.5 });
  assert.equal(hindsightAt(scores, 0.1), { rate: 0.1, threshold: 9, recall: 0.75 });
  assert.equal(hindsightAt(scores, 0.199), { rate: 0.199, threshold: 9, recall: 0.75 });
  for (const rate of [0, 0.01, 0.1, 0.3, 0.5, 0.9]) {
    const { threshold } = hindsightAt(scores, rate);
    assert.ok(costOf(threshold!, scores).falseAlarms <= 10 * rate, `${rate} is kept`);
    assert.ok(costOf(threshold! - 1e-9, scores).falseAlarms > 10 * rate, `nothing lower keeps ${rate}`);
  }
});

test("good pictures that tie are rejected together or not at all", () => {
  const tied = { good: [1, 1, 4, 4, 4], defects: [2, 4, 5] };
  assert.equal(hindsightAt(tied, 0.2), { rate: 0.2, threshold: 4, recall: 1 / 3 });
  assert.equal(hindsightAt(tied, 0.6), { rate: 0.6, threshold: 1, recall: 1 });
});

test("a share of good pictures that is a whole number of them allows all of these", () => {
  assert.is(mostRejected(0.29, 100), 29);
  assert.is(mostRejected(0.07, 100), 7);
  assert.is(mostRejected(0.01, 99), 0);
});

test("without good pictures or defects, what would be a share of nothing is null", () => {
  const noGood = { good: [], defects: [1, 3] };
  assert.equal(hindsightAt(noGood, 0.01), { rate: 0.01, threshold: null, recall: null });
  const { falseAlarmRate, upper95, recall, f1 } = atThreshold(noGood, 2, 0.01);
  assert.equal([falseAlarmRate, upper95, recall, f1], [null, null, 0.5, 2 / 3]);
  const noDefects = { good: [1, 3], defects: [] };
  assert.equal(hindsightAt(noDefects, 0.01), { rate: 0.01, threshold: 3, recall: null });
  const clean = atThreshold(noDefects, 2, 0.01);
  assert.equal([clean.falseAlarmRate, clean.recall, clean.f1], [0.5, null, null]);
  assert.equal(thresholdCosts({ good: [], defects: [] }, []), []);
});

test("the table has the thresholds asked for, those of round rates and the highest that misses nothing, the lowest first", () => {
  assert.equal(
    thresholdCosts(scores, [7.5, 20]).map(({ threshold, falseAlarms, missed }) => [threshold, falseAlarms, missed]),
    [
      [5, 5, 0],
      [7.5, 3, 1],
      [8, 2, 1],
      [9, 1, 1],
      [10, 0, 2],
      [20, 0, 4],
    ],
  );
  const apart = thresholdCosts({ good: [1, 2], defects: [8, 9] }, [20]);
  assert.equal(apart[1], { threshold: 2, missed: 0, falseAlarms: 0 });
});

test.run();
