import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { type Ages, openAges } from "../../agent/kit/ages.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("how old something is");
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-03-01T08:00:00.000Z");

/** A machine whose clock can be set, and an agent on it that is started and stopped. */
async function machine(folder = temporaryFolder()) {
  const time = { trueMs: START_MS, offMs: 0, monotonicMs: 0 };
  const clock = { wallMs: () => time.trueMs + time.offMs, monotonicMs: () => time.monotonicMs };
  const lines: string[] = [];
  let ages: Ages;
  const start = async (): Promise<void> => {
    ages = await openAges({
      file: join(folder, "clock.json"),
      clock,
      onLeap: (text) => lines.push(text),
      onTrouble: ({ code }) => lines.push(code),
    });
  };
  await start();
  return {
    time,
    lines,
    start,
    stamp: () => clock.wallMs(),
    ageMs: (stampMs: number) => ages.ageMs(stampMs),
    run: (ms: number) => {
      time.trueMs += ms;
      time.monotonicMs += ms;
    },
    /** The clock is set to be so far from the truth. */
    set: (offMs: number) => {
      time.offMs = offMs;
      ages.ageMs(0);
    },
    stop: () => ages.close(),
    /** Restarted after so long, the clock so far from the truth then. */
    restart: async (awayMs: number, offMs = time.offMs) => {
      await ages.close();
      time.trueMs += awayMs;
      time.offMs = offMs;
      await start();
    },
  };
}

test("as old as it is: while the agent runs, while it is away, and before it was first started", async () => {
  const m = await machine();
  const [before, first] = [m.stamp() - 40 * DAY_MS, m.stamp()];
  m.run(10 * DAY_MS);
  const second = m.stamp();
  await m.restart(3 * DAY_MS);
  m.run(DAY_MS);
  assert.equal([before, first, second].map(m.ageMs), [54 * DAY_MS, 14 * DAY_MS, 4 * DAY_MS]);
  assert.equal(m.lines, []);
  await m.stop();
});

test("a clock that is years ahead at a start makes nothing old, nor does its being set right", async () => {
  const m = await machine();
  const before = m.stamp();
  m.run(HOUR_MS);
  await m.restart(HOUR_MS, 1_000 * DAY_MS);
  assert.match(m.lines.join(), "1000.0 days ahead of where it was");
  const during = m.stamp();
  m.run(HOUR_MS);
  assert.ok(m.ageMs(before) <= 3 * HOUR_MS);
  assert.is(m.ageMs(during), HOUR_MS);
  m.set(0);
  assert.ok(m.ageMs(before) <= 3 * HOUR_MS);
  m.run(HOUR_MS);
  assert.is(m.ageMs(during), 2 * HOUR_MS, "stamped years ahead, and no younger for it");
  await m.stop();
});

test("what a machine without a clock of its own stamped at its start is not old once its clock is set", async () => {
  const m = await machine();
  const before = m.stamp();
  m.run(HOUR_MS);
  // 1970, until the time server answers.
  await m.restart(HOUR_MS, -START_MS);
  const during = m.stamp();
  m.run(5 * MINUTE_MS);
  m.set(0);
  m.run(MINUTE_MS);
  assert.is(m.ageMs(during), 6 * MINUTE_MS);
  assert.ok(m.ageMs(before) < 3 * HOUR_MS);
  await m.stop();
});

test("what was stamped a moment before a kill keeps its age, though the clock was set meanwhile", async () => {
  const m = await machine();
  m.run(HOUR_MS);
  m.ageMs(0);
  await m.stop();
  m.run(5 * MINUTE_MS);
  const late = m.stamp();
  m.time.offMs = -100 * DAY_MS;
  await m.start();
  m.run(HOUR_MS);
  assert.is(m.ageMs(late), HOUR_MS);
  await m.stop();
});

test("a file that cannot be read or written is reported, and the clock is believed", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "clock.json"), '{"spans":[[2,1]]}');
  // A folder in the draft's place: not even root can write it.
  mkdirSync(join(folder, "clock.json.draft"));
  const m = await machine(folder);
  assert.is(m.ageMs(m.stamp() - DAY_MS), DAY_MS);
  await m.stop();
  assert.is(m.lines[0], "CLOCK_UNKEPT");
});

test("whatever the clock does, nothing is older than it is, and it grows older as the agent runs", async () => {
  const step = fc.record({
    runMs: fc.integer({ min: MINUTE_MS, max: 3 * DAY_MS }),
    offMs: fc.constantFrom(0, 0, 1_000 * DAY_MS, -1_000 * DAY_MS, -START_MS, 2 * HOUR_MS, -2 * HOUR_MS),
    awayMs: fc.option(fc.integer({ min: 0, max: 5 * DAY_MS })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const m = await machine();
      const stamped = new Map<number, { readonly trueMs: number; readonly monotonicMs: number }>();
      for (const { runMs, offMs, awayMs } of steps) {
        // The same stamp again is the younger one's.
        stamped.set(m.stamp(), { ...m.time });
        m.run(runMs);
        if (awayMs === null) m.set(offMs);
        else await m.restart(awayMs, offMs);
        m.run(MINUTE_MS);
        for (const [stamp, at] of stamped) {
          const age = m.ageMs(stamp);
          // What is set by less than a week is believed to have passed, at each step.
          const slack = steps.length * 7 * DAY_MS;
          assert.ok(age <= m.time.trueMs - at.trueMs + slack, `${age} of ${m.time.trueMs - at.trueMs}`);
        }
      }
      await m.stop();
    }),
    { numRuns: 60 },
  );
});

test.run();
