/** The live view at moments that nobody plans: in a real Chromium, of an agent that does what the test says. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { liveCamera } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";
import { until } from "../../support/until.js";

const test = suite("the live view at odd moments");
const browser = browserOf(test);

/** Pixels of the chart in the colour of scores above the threshold. */
const badPixels = (page: Page): Promise<number> =>
  page.evaluate<number>(`(() => {
    const canvas = document.querySelector(".chart canvas");
    const context = canvas.getContext("2d");
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--bad").trim();
    probe.fillRect(0, 0, 1, 1);
    const bad = probe.getImageData(0, 0, 1, 1).data;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) if ([0, 1, 2].every((of) => data[at + of] === bad[of])) count += 1;
    return count;
  })()`);

browser.test("when the agent's clock is set back the chart goes on with what is judged now", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  let frame = 0;
  const told = (atMs: number, score: number): void => {
    frame += 1;
    const point = { atMs, frame, last: score, threshold: 0.32, latencyMs: 40, min: score, max: score };
    agent.tell("scores", { cameras: { cam1: { ...point, frames: 10, anomalous: 0 } } });
  };
  const nowMs = Date.now();
  for (let second = 0; second < 30; second += 1) told(nowMs + second * 1_000, 0.9);
  await until(async () => (await badPixels(page)) > 0, "scores above the threshold", 15_000);
  for (let second = 0; second < 30; second += 1) told(nowMs - 3_600_000 + second * 1_000, 0.1);
  await until(async () => (await badPixels(page)) === 0, "no score above the threshold", 15_000);
});

browser.test("an address whose end is no camera's name, nor any text, shows the line all the same", async () => {
  const { page, complaints } = await see(browser, { cameras: [liveCamera("cam1"), liveCamera("cam2")] });
  await page.evaluate("location.hash = '#/%'");
  await page.getByRole("link", { name: "cam2" }).click();
  await page.locator(".chart").waitFor();
  await page.evaluate("location.hash = '#/100%'");
  await page.getByRole("link", { name: "cam1" }).waitFor();
  assert.equal(complaints, []);
});

test.run();
