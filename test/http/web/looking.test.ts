/** What the live view shows, in a real Chromium, of an agent that does what the test says. */
import * as assert from "uvu/assert";
import type { LiveHealth } from "../../../agent/contract/live-events.js";
import { browserOf } from "../../support/browser.js";
import { health, liveCamera, livePicture, partVerdict, wholeAlert } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";
import { until } from "../../support/until.js";

const test = suite("the live view shows");
const browser = browserOf(test);

browser.test("pictures move, with the heatmap and the outlines of the very same frame", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  assert.is(agent.asked.at(-1), "?pictures=cam1&fps=8");
  const pixelsAt = (selector: string) =>
    page.evaluate<number[]>(
      `[...document.querySelector("${selector}").getContext("2d").getImageData(170, 90, 1, 1).data]`,
    );
  const seen: number[][] = [];
  for (const frame of [1, 40]) {
    agent.tell("picture", await livePicture("cam1", frame));
    await page.waitForSelector(`.stage[data-frame="${frame}"]`);
    seen.push(await pixelsAt(".frame"));
  }
  assert.not.equal(seen[0], seen[1]);
  const [red = 0, , blue = 0, alpha] = await pixelsAt(".heat");
  assert.ok(red > 200 && red > blue, "the defect glows");
  assert.ok((alpha ?? 0) > 200);
  assert.is(await page.$eval(".outlines", (svg) => svg.getAttribute("viewBox")), "0 0 512 512");
  assert.is(await page.locator(".outlines rect").count(), 1);

  await page.getByLabel("Heatmap").uncheck();
  assert.is(await page.evaluate("getComputedStyle(document.querySelector('.heat')).opacity"), "0");
});

browser.test("a camera's state is a word, a shape and a colour, and changes as it does", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  const plate = page.locator(".plate");
  await plate.getByText("OK", { exact: true }).waitFor();
  const looks = () =>
    page.evaluate<string[]>(
      "[getComputedStyle(document.querySelector('.plate')).backgroundColor, document.querySelector('.plate path').getAttribute('d')]",
    );
  const good = await looks();
  agent.tell("camera", liveCamera("cam1", { state: "anomalous" }));
  await plate.getByText("ANOMALY", { exact: true }).waitFor();
  const bad = await looks();
  assert.not.equal(good[0], bad[0]);
  assert.not.equal(good[1], bad[1]);
});

browser.test(
  "a bad part reads NG at large while the alarm still says OK, on a camera's page and on the wall",
  async () => {
    const alone = await see(browser, { cameras: [liveCamera("cam1")] });
    await badPartReadsNg(alone);
    const wall = await see(browser, { cameras: [liveCamera("cam1"), liveCamera("cam2")] });
    await badPartReadsNg(wall);
  },
);

async function badPartReadsNg({ agent, page }: Awaited<ReturnType<typeof see>>): Promise<void> {
  const plate = page.locator(".plate").first();
  const reads = (word: string, part: string, alarm: string) =>
    plate
      .and(page.locator(`:has(.word:text-matches("^${word}"))`))
      .and(page.locator(`:has(.of:text-is("${part}"))`))
      .and(page.locator(`:has(.alarm:has-text("${alarm}"))`))
      .waitFor();
  const looks = () =>
    page.evaluate<string>(
      "(plate => getComputedStyle(plate).backgroundColor + plate.querySelector('path').getAttribute('d'))(document.querySelector('.plate'))",
    );
  agent.tell("verdict", partVerdict(7, "ok"));
  await reads("OK", "Part 7", "OK");
  const good = await looks();
  // Its first bad picture decides: nobody waits for the others, nor for the alarm.
  const point = { atMs: Date.now(), frame: 43, threshold: 0.32, latencyMs: 40, min: 0.2, frames: 1, anomalous: 0 };
  agent.tell("scores", { cameras: { cam1: { ...point, last: 0.5, max: 0.5, anomalous: 1 } } });
  await reads("NG", "the part in sight", "OK");
  agent.tell("scores", { cameras: { cam1: { ...point, frame: 47, last: 0.2, max: 0.2 } } });
  agent.tell("verdict", partVerdict(8, "ng", { frame: 43 }));
  await reads("NG", "Part 8", "OK");
  const bad = await looks();
  assert.not.equal(bad, good, "another colour and another shape");
  agent.tell("camera", liveCamera("cam1", { state: "anomalous" }));
  agent.tell("alert", wholeAlert(1));
  agent.tell("verdict", partVerdict(9, "ok"));
  await reads("OK", "Part 9", "ANOMALY");
  // A picture comes before its score: no defect is outlined below the word OK.
  agent.tell("picture", await livePicture("cam1", 56));
  await reads("NG", "the part in sight", "ANOMALY");
  await page.locator(".troubles").getByText("cam1: an alert that nobody has seen yet").waitFor();
  agent.tell("verdict", partVerdict(10, "unknown"));
  await reads("\\\\?", "Part 10", "ANOMALY");
  const unknown = await looks();
  assert.ok(unknown !== good && unknown !== bad);
  // Where nothing is inspected no part looks as if it had been.
  agent.tell("camera", liveCamera("cam1", { state: "no-signal" }));
  await plate.getByText("NO SIGNAL").waitFor();
}

browser.test("a broker outage and a faulted camera cannot be overlooked, and their end is seen", async () => {
  const trouble = { code: "MQTT_UNREACHABLE", message: "connection refused", ts: new Date().toISOString() } as const;
  let broker = health(["cam1"]).broker;
  const { agent, page } = await see(browser, {
    cameras: [liveCamera("cam1")],
    health: () => health(["cam1"], { broker }),
  });
  const strip = page.locator(".troubles");
  await strip.getByText("All well").waitFor();
  broker = { ...broker, connected: false, trouble };
  await strip.getByText("Broker not connected").waitFor();
  await strip.getByText("connection refused").waitFor();
  agent.tell("camera", liveCamera("cam1", { state: "faulted", reason: "CAMERA_OPEN: no such device" }));
  await strip.getByText("cam1: FAULT").waitFor();
  assert.match(await page.title(), /cam1: FAULT/);
  broker = { ...broker, connected: true };
  agent.tell("camera", liveCamera("cam1"));
  await strip.getByText("All well").waitFor();
});

browser.test(
  "a model that no longer sees is told on top, at large on its cameras, and where its tests stand",
  async () => {
    const reason = "SELF_TEST_FAILED: 3 of 3 known-bad pictures are not seen at the threshold 0.900";
    const failed = { ts: new Date().toISOString(), passed: false, pictures: 4, reason };
    let selfTests: LiveHealth["selfTests"] = {};
    const { agent, page } = await see(browser, {
      cameras: [liveCamera("cam1"), liveCamera("cam2")],
      snapshot: { verdicts: { cam1: [partVerdict(7, "ok")] } },
      health: () => health(["cam1", "cam2"], { selfTests }),
    });
    const strip = page.locator(".troubles");
    await strip.getByText("All well").waitFor();
    selfTests = { plate: failed };
    agent.tell("camera", liveCamera("cam1", { state: "faulted", reason, blind: reason }));
    const banner = strip.locator(".trouble.bad");
    await banner.getByText("cam1: ITS MODEL DOES NOT SEE").waitFor();
    await banner.getByText("3 of 3 known-bad pictures are not seen").waitFor();
    assert.is(await banner.count(), 1, "said once");
    assert.match(await page.title(), /cam1: ITS MODEL DOES NOT SEE/);
    const plates = page.locator(".tile .plate .word");
    await plates.getByText("BLIND", { exact: true }).waitFor();
    assert.equal(await plates.allTextContents(), ["BLIND", "OK"], "not the part that it called good");
    await page.locator(".machine").getByText("FAILED", { exact: true }).waitFor();
    // Also while another fault hides the state.
    agent.tell("camera", liveCamera("cam1", { state: "no-signal", reason: "unplugged", blind: reason }));
    await strip.getByText("cam1: NO SIGNAL").waitFor();
    await banner.getByText("cam1: ITS MODEL DOES NOT SEE").waitFor();
    selfTests = { plate: { ...failed, passed: true, reason: null } };
    agent.tell("camera", liveCamera("cam1"));
    await strip.getByText("All well").waitFor();
    await page.locator(".machine").getByText("passed", { exact: true }).waitFor();
  },
);

browser.test("a page that hears nothing says that it is old", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  await page.getByText("Live", { exact: true }).first().waitFor();
  agent.hang();
  await page.getByText(/Nothing heard from the agent for \d+ seconds/).waitFor();
  assert.is(await page.getAttribute("main", "data-stale"), "true");
});

browser.test(
  "several cameras are a wall; one opens large and alone is asked for its pictures; Escape leads back",
  async () => {
    const { agent, page } = await see(browser, { cameras: ["a", "b", "c"].map((id) => liveCamera(id)) });
    assert.is(agent.asked.at(-1), "?pictures=a,b,c&fps=3");
    await page.getByRole("link", { name: "b", exact: true }).click();
    await page.getByRole("heading", { level: 2, name: "b", exact: true }).waitFor();
    await until(() => agent.asked.at(-1) === "?pictures=b&fps=8", "pictures of one");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "c", exact: true }).waitFor();
    await until(() => agent.listeners() === 1, "one connection, whatever was opened");
  },
);

test.run();
