import fc from "fast-check";
import * as assert from "uvu/assert";
import { openSettings } from "../../agent/commands/settings.js";
import { Shelvings } from "../../agent/commands/shelvings.js";
import { CameraAlerts } from "../../agent/line/camera-alerts.js";
import { raiseRate } from "../../agent/scoring/raise-rate.js";
import { cameraConfig, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("shelvings over restarts");
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A machine whose clock can be set. */
function machine(folder = temporaryFolder()) {
  const time = { wallMs: Date.parse("2026-03-01T08:00:00.000Z"), monotonicMs: 5_000 };
  const clock = { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs };
  /** One run of the agent. */
  async function run() {
    const lines: string[] = [];
    const settings = await openSettings(folder, ({ code }) => assert.unreachable(code));
    const config = cameraConfig("cam1");
    const deps = { rate: raiseRate(0), summaryEveryMs: 5_000, clock, send: () => undefined };
    const camera = { config, alerts: new CameraAlerts(config.alert, deps) };
    const log = { info: (text: string) => lines.push(text), warn: (text: string) => lines.push(text) };
    const shelvings = new Shelvings({ cameras: [camera], settings, clock, log });
    shelvings.restore();
    return {
      lines,
      settings,
      shelvings,
      camera,
      isShelved: () => camera.alerts.shelvedUntilMs !== null,
      /** Both clocks go on, and each second is seen. */
      pass: async (ms: number) => {
        for (let left = ms; left > 0; left -= 10_000) {
          time.wallMs += Math.min(left, 10_000);
          time.monotonicMs += Math.min(left, 10_000);
          camera.alerts.tick();
          await shelvings.tick();
        }
      },
    };
  }
  return { time, run };
}

test("one that has ended has no effect again, whatever the clock says after a restart", async () => {
  for (const setClockMs of [0, -1_000 * DAY_MS, 1_000 * DAY_MS]) {
    const { time, run } = machine();
    const first = await run();
    await first.shelvings.shelve(first.camera, MINUTE_MS / 10, "kim");
    await first.pass(15_000);
    assert.not(first.isShelved());
    assert.equal(first.settings.now.shelved, {}, "removed when it ended");
    time.wallMs += setClockMs;
    const next = await run();
    assert.not(next.isShelved());
    assert.equal(next.lines, []);
  }
});

test("it goes on after a restart for what is left of it, is logged, and says who shelved", async () => {
  const { time, run } = machine();
  const first = await run();
  await first.shelvings.shelve(first.camera, 60 * MINUTE_MS, "kim");
  await first.pass(10 * MINUTE_MS);
  await first.shelvings.close();
  time.wallMs += 20 * MINUTE_MS;
  const next = await run();
  assert.equal(next.lines, ["cam1: the shelving of its alerts by kim goes on for 30.0 min"]);
  await next.pass(29 * MINUTE_MS);
  assert.ok(next.isShelved());
  await next.pass(MINUTE_MS);
  assert.not(next.isShelved());
  assert.equal(next.settings.now.shelved, {});
});

test("one whose time ran out while the agent was away is over, which is logged", async () => {
  const { time, run } = machine();
  const first = await run();
  await first.shelvings.shelve(first.camera, 5 * MINUTE_MS, null);
  time.wallMs += 6 * MINUTE_MS;
  const next = await run();
  assert.equal(next.lines, ["cam1: the shelving of its alerts is over"]);
  assert.not(next.isShelved());
  await next.pass(10_000);
  assert.equal(next.settings.now.shelved, {});
});

test("a clock that has gone back does not lengthen it: what was left is left", async () => {
  const { time, run } = machine();
  const first = await run();
  await first.shelvings.shelve(first.camera, 60 * MINUTE_MS, "kim");
  await first.pass(50 * MINUTE_MS);
  await first.shelvings.close();
  time.wallMs -= 1_000 * DAY_MS;
  const next = await run();
  assert.match(next.lines[0]!, /goes on for 9.0 min; the clock has gone back/);
  await next.pass(10 * MINUTE_MS);
  assert.not(next.isShelved());
});

test("whatever the clock does, and however the agent is ended: never is it quiet for longer than was asked for", async () => {
  const step = fc.record({
    runMs: fc.integer({ min: 1_000, max: 20 * MINUTE_MS }),
    killed: fc.boolean(),
    awayMs: fc.integer({ min: 0, max: 10 * MINUTE_MS }),
    clockMs: fc.constantFrom(0, 0, -1_000 * DAY_MS, -30 * MINUTE_MS, -MINUTE_MS, 1_000 * DAY_MS, 3_600_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 6 }), async (minutes, steps) => {
      const { time, run } = machine();
      let agent = await run();
      await agent.shelvings.shelve(agent.camera, minutes * MINUTE_MS, null);
      let quietMs = 0;
      for (const { runMs, killed, awayMs, clockMs } of steps) {
        const shelved = agent.isShelved();
        const before = agent.camera.alerts.shelvedUntilMs ?? 0;
        const leftMs = before - time.wallMs;
        await agent.pass(runMs);
        if (shelved) quietMs += Math.min(runMs, leftMs);
        if (!killed) await agent.shelvings.close();
        time.wallMs += awayMs + clockMs;
        agent = await run();
      }
      if (agent.isShelved()) quietMs += agent.camera.alerts.shelvedUntilMs! - time.wallMs;
      assert.ok(quietMs <= minutes * MINUTE_MS, `${quietMs} of ${minutes * MINUTE_MS} ms`);
    }),
    // Among them a clock that is set back by just what had passed since the last checkpoint.
    { numRuns: 60, examples: [[10, [{ runMs: 570_727, killed: true, awayMs: 29_273, clockMs: -MINUTE_MS }]]] },
  );
});

test.run();
