import * as assert from "uvu/assert";
import { createWatchdog, type Timing, watchdogLimits } from "../../agent/inference/watchdog.js";
import { suite } from "../support/suite.js";

/** A clock that a test turns; a timer fires when it is turned past it, or late, as a held-up process's does. */
function fakeTiming() {
  let nowMs = 0;
  let due: { atMs: number; callback: () => void } | null = null;
  let timers = 0;
  const timing: Timing = {
    nowMs: () => nowMs,
    after: (ms, callback) => {
      timers += 1;
      due = { atMs: nowMs + ms, callback };
      return () => {
        due = null;
      };
    },
  };
  return {
    timing,
    timers: () => timers,
    to: (ms: number, { jump = false } = {}) => {
      while (due !== null && due.atMs <= ms) {
        const { atMs, callback } = due;
        nowMs = jump ? ms : atMs;
        due = null;
        callback();
      }
      nowMs = ms;
    },
  };
}

function watched() {
  const clock = fakeTiming();
  const silentAtMs: number[] = [];
  const watch = createWatchdog(10_000, () => silentAtMs.push(clock.timing.nowMs()), clock.timing);
  return { ...clock, watch, silentAtMs };
}

const test = suite("silence of a thread");

test("is noticed after the limit, counted from the last answer, once", () => {
  const { watch, to, silentAtMs } = watched();
  watch.working();
  to(9_000);
  watch.working();
  to(18_999);
  assert.equal(silentAtMs, []);
  to(19_000);
  assert.equal(silentAtMs, [19_000]);
  to(100_000);
  assert.equal(silentAtMs, [19_000]);
});

test("without work is none, however long; work after it is watched again", () => {
  const { watch, to, silentAtMs } = watched();
  watch.working();
  watch.resting();
  to(60_000);
  assert.equal(silentAtMs, []);
  watch.working();
  to(70_000);
  assert.equal(silentAtMs, [70_000]);
});

test("a process that was held up itself gives its thread the whole time again", () => {
  const { watch, to, silentAtMs } = watched();
  watch.working();
  to(60_000, { jump: true });
  assert.equal(silentAtMs, []);
  to(70_000);
  assert.equal(silentAtMs, [70_000]);
});

test("a thousand answers take one timer", () => {
  const { watch, to, timers, silentAtMs } = watched();
  for (let ms = 0; ms < 1_000; ms += 1) {
    to(ms);
    watch.working();
  }
  assert.is(timers(), 1);
  watch.end();
  to(60_000);
  assert.equal(silentAtMs, []);
});

test("limits: 20 times the warm-up, 10 s at least; a restart five times the first start, a minute at least", () => {
  assert.is(watchdogLimits.run(47), 10_000);
  assert.is(watchdogLimits.run(2_000), 40_000);
  assert.is(watchdogLimits.start(1_000), 60_000);
  assert.is(watchdogLimits.start(600_000), 3_000_000);
  assert.ok(watchdogLimits.start(null) >= 10 * 60_000);
});

test.run();
