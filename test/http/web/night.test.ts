/** A page that stays open: a night's worth of events in a real Chromium, in as little time as it takes. */
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { liveCamera, livePicture, partVerdict, wholeAlert } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";

const test = suite("the live view over a night");
const browser = browserOf(test);

/** Hours that pass, a quarter of one at a time. */
const HOURS = 10;
const SECONDS = 60;

browser.test("a page open for ten hours of parts, alerts and pictures does not grow", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  const devtools = await page.context().newCDPSession(page);
  const figures = async (): Promise<{ nodes: number; mb: number }> => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    return { nodes: of("Nodes"), mb: of("JSHeapUsedSize") / 1e6 };
  };
  await devtools.send("Performance.enable");
  const picture = await livePicture("cam1", 1);
  const startMs = Date.now();
  const seen: { nodes: number; mb: number }[] = [];
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

test.run();
