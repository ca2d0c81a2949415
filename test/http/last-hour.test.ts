import * as assert from "uvu/assert";
import { LastHour } from "../../agent/http/last-hour.js";
import { ScoreRing } from "../../agent/http/score-ring.js";
import { suite } from "../support/suite.js";
import { verdictOf } from "../support/verdicts.js";

const test = suite("the last hour of a camera");
const MINUTE_MS = 60_000;
const WALL_MS = Date.parse("2026-03-01T08:00:00.000Z");

const preview = (hour: LastHour, threshold: number, inForce: number | null = 0.5, nowMs = 0) =>
  hour.preview(threshold, inForce, nowMs, WALL_MS + nowMs);

test("a threshold's preview counts what would have been rejected, as exactly as one percent", () => {
  const hour = new LastHour(0);
  for (let n = 1; n <= 1_000; n += 1) hour.frame(n / 1_000, n > 500, 0);
  for (const [threshold, rejected] of [
    [0.25, 750],
    [0.5, 500],
    [0.9, 100],
    [0.999, 1],
    [5, 0],
    [0.00001, 1_000],
  ] as const) {
    const counts = preview(hour, threshold);
    assert.ok(
      Math.abs(counts.rejected.proposed - rejected) <= 10 * threshold + 1,
      `${threshold}: ${counts.rejected.proposed}`,
    );
  }
  const { judged, rejected, more, fewer } = preview(hour, 0.6);
  assert.equal([judged, rejected.past, more], [1_000, 500, 0]);
  assert.ok(Math.abs(fewer - 100) <= 10);
});

test("the threshold that is in force changes nothing, whatever scores lie around it", () => {
  const hour = new LastHour(0);
  for (let n = 0; n < 100; n += 1) hour.frame(0.5 + (n - 50) / 10_000, n > 50, 0);
  const { rejected, more, fewer } = preview(hour, 0.5);
  assert.equal([rejected.inForce === rejected.proposed, more, fewer], [true, 0, 0]);
});

test("a higher threshold never rejects more", () => {
  const hour = new LastHour(0);
  for (let n = 1; n <= 200; n += 1) hour.frame(((n * 37) % 200) / 100, false, 0);
  let before = Number.POSITIVE_INFINITY;
  for (let threshold = 0.01; threshold < 3; threshold *= 1.003) {
    const { proposed } = preview(hour, threshold).rejected;
    assert.ok(proposed <= before, `${threshold}`);
    before = proposed;
  }
});

test("parts that could not be judged stay unknown, and are no part of the preview", () => {
  const hour = new LastHour(0);
  hour.part(verdictOf({ verdict: "ng", score: 0.9 }), 0);
  hour.part(verdictOf({ verdict: "ok", score: 0.2, late: true }), 0);
  hour.part(verdictOf({ verdict: "unknown", score: 0.8 }), 0);
  hour.part(verdictOf({ verdict: "unknown", score: null }), 0);
  assert.equal(hour.parts(0), { ok: 1, ng: 1, unknown: 2, late: 1 });
  const { judged, unknown, rejected } = preview(hour, 0.1);
  assert.equal([judged, unknown, rejected], [2, 2, { past: 1, inForce: 1, proposed: 2 }]);
});

test("what is older than an hour is forgotten, and the answer says since when it counts", () => {
  const hour = new LastHour(0);
  hour.part(verdictOf({ verdict: "ng", score: 0.9 }), 0);
  hour.part(verdictOf({ score: 0.1 }), 30 * MINUTE_MS);
  assert.is(preview(hour, 0.5, 0.5, 54 * MINUTE_MS).judged, 2);
  const later = preview(hour, 0.5, 0.5, 61 * MINUTE_MS);
  assert.is(later.judged, 1);
  const countedMs = Date.parse(later.to) - Date.parse(later.from);
  assert.ok(
    (countedMs >= 55 * MINUTE_MS && countedMs <= 60 * MINUTE_MS) || later.from > "2026-03-01T08:30:00",
    later.from,
  );
  assert.equal(hour.parts(3 * 60 * MINUTE_MS), { ok: 0, ng: 0, unknown: 0, late: 0 });
});

test("before the model is there, a preview is held against what was rejected then", () => {
  const hour = new LastHour(0);
  hour.frame(0.4, true, 0);
  const { rejected, fewer } = preview(hour, 0.5, null);
  assert.equal([rejected, fewer], [{ past: 1, inForce: null, proposed: 0 }, 1]);
});

test("no peak is lost when seconds are put together, and seconds without frames are left out", () => {
  const ring = new ScoreRing();
  for (let second = 0; second < 120; second += 1) {
    if (second >= 60 && second < 80) continue;
    ring.saw({ atMs: WALL_MS + second * 1_000, score: second === 33 ? 2 : 0.25, threshold: 0.5 });
  }
  const nowMs = WALL_MS + 119_000;
  const seconds = ring.history(nowMs, 120);
  assert.equal([seconds.stepMs, seconds.atMs.length, Math.max(...seconds.max)], [1_000, 100, 2]);
  const coarse = ring.history(nowMs, 120, 10);
  assert.equal([coarse.stepMs, coarse.atMs.length], [10_000, 10]);
  assert.equal([coarse.max[3], coarse.min[3], coarse.frames[3], coarse.anomalous[3]], [2, 0.25, 10, 1]);
  assert.is(coarse.atMs[3], WALL_MS + 30_000);
});

test("a ring that has gone round holds the last hour alone, also when the clock leaps", () => {
  const ring = new ScoreRing();
  for (let second = 0; second < 4_000; second += 1) ring.saw({ atMs: second * 1_000, score: 0.1, threshold: 0.5 });
  const all = ring.history(3_999_000, 10_000);
  assert.equal([all.atMs.length, all.atMs[0], all.frames.every((count) => count === 1)], [3_600, 400_000, true]);
  ring.saw({ atMs: WALL_MS, score: 0.3, threshold: 0.5 });
  assert.equal(ring.history(WALL_MS, 600).max, [0.3]);
});

test.run();
