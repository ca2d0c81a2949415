/** Whether a screen reader, a keyboard and weak eyes can use the live view, as far as axe can tell, and whether it asks others for anything. */
import axe from "axe-core";
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { liveCamera, partVerdict, scoreHistory, wholeAlert } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";

const test = suite("the live view for everybody");
const browser = browserOf(test);

const snapshot = {
  alerts: [wholeAlert(1), wholeAlert(2, { phase: "shelved" }), wholeAlert(3, { phase: "cleared" })],
  verdicts: { cam1: [partVerdict(1, "ok"), partVerdict(2, "ng"), partVerdict(3, "unknown")] },
  scores: { cam1: scoreHistory() },
};
const states = ["ok", "anomalous", "faulted", "no-signal", "idle", "starting", "disabled"] as const;
const wall = states.map((state) => liveCamera(state, { state, enabled: state !== "disabled" }));

/** Each theme with each width, each kind of view with both themes. */
const looks = [
  {
    what: "a camera, light and wide",
    cameras: [liveCamera("cam1", { state: "anomalous" })],
    theme: "light",
    width: 1600,
  },
  { what: "a camera, dark and on a phone", cameras: [liveCamera("cam1")], theme: "dark", width: 390 },
  { what: "the wall, light and on a phone", cameras: wall, theme: "light", width: 390 },
  { what: "the wall, dark and wide", cameras: wall, theme: "dark", width: 1600 },
] as const;

for (const { what, cameras, theme, width } of looks) {
  browser.test(`${what}: axe finds nothing, nothing scrolls sideways, no other host is asked`, async () => {
    const { agent, page, complaints, requests } = await see(browser, { cameras, snapshot });
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height: 900 });
    await page.locator(".alert").first().waitFor();
    await page.evaluate(axe.source);
    const found = await page.evaluate<
      string[]
    >(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
        violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)].join("\\n")))`);
    assert.equal(found, []);
    assert.is(await page.evaluate("document.documentElement.scrollWidth"), width);
    assert.equal(complaints, []);
    const elsewhere = requests.filter((address) => !address.startsWith(agent.url) && !address.startsWith("data:"));
    assert.equal(elsewhere, []);
  });
}

test.run();
