/** The live view at moments that nobody plans: in a real Chromium, of an agent that does what the test says. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { liveCamera, livePicture, partVerdict } from "../../support/live.js";
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

browser.test("the last picture of a camera that gives none any more looks old", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1"), liveCamera("cam2")] });
  const filters = () =>
    page.evaluate<string[]>(
      "[...document.querySelectorAll('.stage .frame')].map((frame) => getComputedStyle(frame).filter)",
    );
  agent.tell("picture", await livePicture("cam1", 1));
  await page.waitForSelector('.stage[data-frame="1"]');
  assert.equal(await filters(), ["none", "none"]);
  for (const state of ["no-signal", "disabled"] as const) {
    agent.tell("camera", liveCamera("cam1", { state, reason: "no picture comes" }));
    await page.waitForSelector(`.tile[data-state="${state}"]`);
    const [first = "", second] = await filters();
    assert.match(first, "grayscale");
    assert.is(second, "none");
  }
});

browser.test(
  "nothing of one camera stands below the name of another, also where the address goes from one to the other",
  async () => {
    const { agent, page } = await see(browser, { cameras: [liveCamera("cam1"), liveCamera("cam2")] });
    await page.evaluate("location.hash = '#/cam1'");
    await page.getByRole("heading", { name: "cam1" }).waitFor();
    agent.tell("verdict", partVerdict(7, "ng"));
    await page.locator(".parts .row button").first().click();
    await page.locator(".chosen").waitFor();
    agent.tell("picture", await livePicture("cam1", 1));
    await page.waitForSelector('.stage[data-frame="1"]');
    await page.evaluate("location.hash = '#/cam2'");
    await page.getByRole("heading", { name: "cam2" }).waitFor();
    assert.is(await page.locator(".chosen").count(), 0, "no part of the other one");
    assert.is(await page.locator(".stage[data-frame]").count(), 0, "no picture of the other one");
  },
);

test.run();
