import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { alarm } from "../../agent/scoring/alarm.js";
import { AlertLife } from "../../agent/scoring/alert-life.js";
import { alerts } from "../../agent/scoring/alerts.js";
import { judge } from "../../agent/scoring/judge.js";
import { regionsOf } from "../../agent/scoring/regions.js";
import type { Inspection, Verdict } from "../../agent/types.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const model = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" };

/** The frame of number n is captured at n seconds. */
function inspection(score: number, number = 1): Inspection {
  const frame = greyFrame(
    0,
    { width: 2, height: 2 },
    { number, capturedAtMs: number * 1_000, availableAtMs: number * 1_000 },
  );
  const map = new Float32Array(4).fill(score);
  return { frame, score, map, model, queueMs: 0, inferenceMs: 0 };
}

const verdict = (score: number, number = 1): Verdict => ({
  inspection: inspection(score, number),
  threshold: { value: 0.5, calibration: null },
  anomalous: score > 0.5,
});

const marbles = (body: Parameters<TestScheduler["run"]>[0]): void => {
  new TestScheduler(assert.equal).run(body);
};

const verdicts = suite("judge");

verdicts("anomalous is strictly above the threshold, which may change while running", () => {
  let threshold = 0.5;
  marbles(({ cold, flush }) => {
    const seen: boolean[] = [];
    cold("abc|", { a: inspection(0.5), b: inspection(0.51), c: inspection(0.51) })
      .pipe(judge(() => ({ value: threshold, calibration: null })))
      .subscribe(({ anomalous }) => {
        seen.push(anomalous);
        if (seen.length === 2) threshold = 0.6;
      });
    flush();
    assert.equal(seen, [false, true, false]);
  });
});

verdicts.run();

const alarms = suite("alarm");

/** `x` anomalous, `.` good, into `#` alarm stands, `-` it does not. */
function stands(line: string, policy = { raiseAfter: 2, within: 3, clearAfter: 2, clearBelow: 1 }): string {
  const states: string[] = [];
  marbles(({ cold, flush }) => {
    cold([...line].map((_, index) => String.fromCharCode(97 + index)).join(""), valuesOf(line))
      .pipe(alarm(policy))
      .subscribe(({ active }) => states.push(active ? "#" : "-"));
    flush();
  });
  return states.join("");
}

function valuesOf(line: string): Record<string, Verdict> {
  return Object.fromEntries(
    [...line].map((mark, index) => [String.fromCharCode(97 + index), verdict(mark === "x" ? 0.9 : 0.1, index)]),
  );
}

alarms("one bad frame raises nothing; two of the last three do", () => {
  assert.is(stands(".x..x.."), "-------");
  assert.is(stands(".x.x..."), "---##--");
  assert.is(stands("xx....."), "-##----");
});

alarms("it clears after so many good frames in a row", () => {
  assert.is(stands("xx.x.x.."), "-######-");
  assert.is(stands("xx...x.."), "-##-----");
});

alarms("bad frames of a cleared alarm do not count for the next", () => {
  assert.is(stands("xx..x..."), "-##-----");
  assert.is(stands("xx..xx.."), "-##--##-");
});

alarms("raiseAfter 1 and clearAfter 1 follow every frame", () => {
  assert.is(stands("x.xx.", { raiseAfter: 1, within: 1, clearAfter: 1, clearBelow: 1 }), "#-##-");
});

alarms.run();

const lives = suite("alerts");

function lifeOf(
  scores: readonly number[],
  policy = { raiseAfter: 2, within: 3, clearAfter: 2, clearBelow: 1 },
  updateEveryMs = 2_000,
) {
  const steps: { phase: string; id: string; peak: number; durationMs: number; frames: number; regions: number }[] = [];
  let ids = 0;
  marbles(({ cold, flush }) => {
    const values = Object.fromEntries(
      scores.map((score, index) => [String.fromCharCode(97 + index), verdict(score, index)]),
    );
    cold(Object.keys(values).join(""), values)
      .pipe(alarm(policy), alerts(new AlertLife({ updateEveryMs, newId: () => `alert${(ids += 1)}` })))
      .subscribe(({ phase, id, peak, durationMs, frames, regions }) =>
        steps.push({ phase, id, peak, durationMs, frames, regions: regions.length }),
      );
    flush();
  });
  return steps;
}

lives("raised, updated at a bounded rate, cleared: one id, the peak and the frames of all of it", () => {
  assert.equal(lifeOf([0.9, 0.7, 0.8, 0.95, 0.6, 0.1, 0.2]), [
    { phase: "raised", id: "alert1", peak: 0.9, durationMs: 1_000, frames: 2, regions: 1 },
    { phase: "updated", id: "alert1", peak: 0.95, durationMs: 3_000, frames: 4, regions: 1 },
    { phase: "cleared", id: "alert1", peak: 0.95, durationMs: 6_000, frames: 5, regions: 0 },
  ]);
});

lives("each alert has its own id, peak and count", () => {
  const steps = lifeOf([0.9, 0.1, 0.6, 0.1], { raiseAfter: 1, within: 1, clearAfter: 1, clearBelow: 1 });
  assert.equal(
    steps.map(({ phase, id, peak, frames }) => `${phase} ${id} ${peak} ${frames}`),
    ["raised alert1 0.9 1", "cleared alert1 0.9 1", "raised alert2 0.6 1", "cleared alert2 0.6 1"],
  );
});

lives("a real id is a UUIDv7 of the raising frame's time", () => {
  marbles(({ cold, flush }) => {
    const ids: string[] = [];
    cold("a", { a: verdict(0.9, 1_700_000_000) })
      .pipe(alarm({ raiseAfter: 1, within: 1, clearAfter: 1, clearBelow: 1 }), alerts(new AlertLife()))
      .subscribe(({ id }) => ids.push(id));
    flush();
    assert.match(ids[0]!, /^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

lives.run();

const areas = suite("regions");

/** `#` is 1, `o` 0.8, `.` 0. */
function mapOf(...rows: string[]): Float32Array {
  return Float32Array.from([...rows.join("")], (mark) => (mark === "#" ? 1 : mark === "o" ? 0.75 : 0));
}

areas("diagonal neighbours are one region, a gap makes two; the strongest comes first", () => {
  const map = mapOf("o.....", ".o....", "......", "....##");
  const size = { width: 6, height: 4 };
  assert.equal(regionsOf(map, size, 0.5, { x: 0, y: 0, ...size }), [
    { x: 4, y: 3, width: 2, height: 1, area: 2, score: 1 },
    { x: 0, y: 0, width: 2, height: 2, area: 2, score: 0.75 },
  ]);
});

areas("rows do not run into each other", () => {
  const size = { width: 3, height: 2 };
  assert.is(regionsOf(mapOf("..#", "#.."), size, 0.5, { x: 0, y: 0, ...size }).length, 2);
});

areas("they are told in the camera's pixels, through the view", () => {
  const size = { width: 4, height: 4 };
  const view = { x: 100, y: 50, width: 40, height: 20 };
  assert.equal(regionsOf(mapOf("....", ".##.", "....", "...."), size, 0.5, view), [
    { x: 110, y: 55, width: 20, height: 5, area: 100, score: 1 },
  ]);
});

areas("the threshold itself is not above it; a whole map is one region", () => {
  const size = { width: 2, height: 2 };
  const view = { x: 0, y: 0, ...size };
  assert.equal(regionsOf(mapOf("oo", "oo"), size, 0.75, view), []);
  assert.is(regionsOf(mapOf("oo", "oo"), size, 0.5, view)[0]!.area, 4);
});

areas("many regions are bounded to the 32 strongest", () => {
  const size = { width: 200, height: 1 };
  const map = Float32Array.from({ length: 200 }, (_, x) => (x % 2 === 0 ? 1 + x : 0));
  const found = regionsOf(map, size, 0.5, { x: 0, y: 0, ...size });
  assert.is(found.length, 32);
  assert.is(found[0]!.score, 199);
});

areas.run();
