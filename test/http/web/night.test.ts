/** A page that stays open: a night's worth of events in a real Chromium, in as little time as it takes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { alertId } from "../../support/alert-step.js";
import { browserOf } from "../../support/browser.js";
import { liveCamera, livePicture, partVerdict, scoreHistory, wholeAlert } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";

const test = suite("the live view over a night");
const browser = browserOf(test);

/** Hours that pass, a quarter of one at a time. */
const HOURS = 10;
const SECONDS = 60;

browser.test("a page open for ten hours of parts, alerts and pictures does not grow", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  const figures = await figuresOf(page);
  const picture = await livePicture("cam1", 1);
  const startMs = Date.now();
  const seen: Figures[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    for (let second = 0; second < SECONDS; second += 1) {
      const count = hour * SECONDS + second;
      // Each of these stands for a minute.
      const atMs = startMs + count * 60_000;
      const score = { frame: count, last: 0.2, threshold: 0.32, latencyMs: 40, min: 0.1, max: 0.2 + (count % 7) / 20 };
      agent.tell("scores", { cameras: { cam1: { ...score, atMs, frames: 600, anomalous: 0 } } });
      agent.tell("verdict", partVerdict(count + 1, count % 9 === 4 ? "ng" : "ok"));
      agent.tell("picture", { ...picture, frame: count + 1 });
      if (count % 3 === 0) agent.tell("alert", wholeAlert(count + 1));
    }
    await page.waitForSelector(`.stage[data-frame="${(hour + 1) * SECONDS}"]`);
    seen.push(await figures());
  }
  // By then every list is as long as it becomes.
  const [settled, last] = [seen[Math.floor(HOURS / 2)]!, seen.at(-1)!];
  assert.ok(last.nodes < settled.nodes * 1.1, JSON.stringify(seen));
  assert.ok(last.mb < settled.mb + 1, JSON.stringify(seen));
});

const minutes = Number(process.env.RETORT_TEST_PAGE_MINUTES ?? 0);
if (!(minutes > 0)) console.log("skipped: a page open for real minutes (RETORT_TEST_PAGE_MINUTES=10 keeps one open)");
else browser.test(`a page open for ${minutes} real minutes does not grow`, () => staysOpen(minutes * 60_000));

const PACE = { scoresMs: 250, partMs: 600, pictureMs: 125, alertMs: 3_000, lookMs: 30_000 };

/** What a line of ten frames a second tells, at the pace at which it does. */
async function staysOpen(forMs: number): Promise<void> {
  // Every list is as long as it becomes from the start.
  const snapshot = {
    scores: { cam1: scoreHistory() },
    verdicts: { cam1: [...Array(60).keys()].map((n) => partVerdict(n, "ok")) },
    alerts: [...Array(60).keys()].map((n) => wholeAlert(n + 1, { id: alertId(100_000 + n) })),
  };
  const { agent, page, complaints } = await see(browser, { cameras: [liveCamera("cam1")], snapshot });
  const figures = await figuresOf(page);
  const pictures = await Promise.all([...Array(16).keys()].map((n) => livePicture("cam1", n)));
  let [frame, part, alerts] = [0, 60, 0];
  const score = (): number => 0.2 + (part % 9 === 4 ? 0.3 : 0) + (frame % 7) / 100;
  const timers = [
    setInterval(() => {
      frame += 1;
      agent.tell("picture", { ...pictures[frame % pictures.length]!, frame });
    }, PACE.pictureMs),
    setInterval(() => {
      const [atMs, last] = [Date.now(), score()];
      const point = { atMs, frame, last, threshold: 0.32, latencyMs: 40, min: 0.2, max: last, frames: 3, anomalous: 0 };
      agent.tell("scores", { cameras: { cam1: point } });
    }, PACE.scoresMs),
    setInterval(() => {
      part += 1;
      agent.tell("verdict", partVerdict(part, part % 9 === 5 ? "ng" : "ok", { frame }));
    }, PACE.partMs),
    setInterval(() => {
      alerts += 1;
      agent.tell("alert", wholeAlert(alerts));
    }, PACE.alertMs),
  ];
  browser.finally(async () => timers.forEach(clearInterval));
  const seen: Figures[] = [];
  const endMs = Date.now() + forMs;
  while (Date.now() < endMs) {
    await sleep(Math.min(PACE.lookMs, forMs / 10));
    seen.push(await figures());
  }
  console.log(seen.map(({ nodes, mb }) => `${nodes} nodes ${mb.toFixed(2)} MB`).join(", "));
  const third = Math.floor(seen.length / 3);
  const most = (of: readonly Figures[], key: keyof Figures): number => Math.max(...of.map((each) => each[key]));
  const [settled, last] = [seen.slice(third, 2 * third), seen.slice(-third)];
  assert.ok(most(last, "nodes") < most(settled, "nodes") * 1.1, "the page's elements");
  assert.ok(most(last, "mb") < most(settled, "mb") + 0.5, "its heap");
  assert.ok(frame > forMs / PACE.pictureMs / 2, "it was told what a line tells");
  assert.equal(complaints, []);
}

interface Figures {
  /** Of the DOM. */
  readonly nodes: number;
  /** Of the heap, after a collection. */
  readonly mb: number;
}

async function figuresOf(page: Page): Promise<() => Promise<Figures>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  return async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    return { nodes: of("Nodes"), mb: of("JSHeapUsedSize") / 1e6 };
  };
}

test.run();
