/** What people learn from the live view of what a model learned from, in a real Chromium. */
import axe from "axe-core";
import * as assert from "uvu/assert";
import type { LearningAnswer } from "../../../agent/contract/learning.js";
import { alertId } from "../../support/alert-step.js";
import { browserOf } from "../../support/browser.js";
import { liveCamera, livePicture } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";

const test = suite("the live view's learning");
const browser = browserOf(test);

async function learning(): Promise<LearningAnswer> {
  const { jpeg } = await livePicture("cam1", 1);
  const picture = (name: string, suspicious: boolean) => ({ name, reason: "it is far from others", suspicious, jpeg });
  return {
    v: 1,
    feedback: {
      folder: "/var/lib/retort/feedback",
      cameras: [{ camera: "cam1", folder: "cam1", counts: { defect: 1, not_a_defect: 2 } }],
      latest: [
        { id: alertId(2), camera: "cam1", verdict: "not_a_defect", ts: "2026-01-02T03:04:05.000Z" },
        { id: alertId(1), camera: "cam1", verdict: "defect", ts: null },
      ],
    },
    models: {
      plate: {
        odd: { images: 120, pictures: [picture("b/07.png", true), picture("a/01.png", false)] },
        trouble: null,
        commands: [
          "cp -r /var/lib/retort/feedback/not_a_defect/cam1 GOOD_PICTURES/",
          "retort train --normal GOOD_PICTURES",
        ],
      },
      foreign: { odd: null, trouble: null, commands: null },
    },
  };
}

browser.test(
  "the oddest good pictures, what people said and how to train again are a fold away, and to be copied",
  async () => {
    const { page, complaints, requests } = await see(browser, {
      cameras: [liveCamera("cam1")],
      learning: await learning(),
    });
    assert.not.ok(
      requests.some((address) => address.includes("learning")),
      "nothing is asked for before somebody opens it",
    );
    const panel = page.locator(".learning");
    assert.is(await panel.getByText("b/07.png").count(), 0);
    await panel.getByRole("heading", { name: "Learning" }).click();
    await panel.getByText("b/07.png").waitFor();
    assert.equal(
      await page.evaluate(
        "[...document.querySelectorAll('.odd li')].map(item => [item.dataset.suspicious, item.querySelector('img').naturalWidth > 0])",
      ),
      [
        ["true", true],
        ["false", true],
      ],
    );
    await panel.getByText("/var/lib/retort/feedback", { exact: true }).waitFor();
    assert.equal(await panel.locator("td").allTextContents(), ["1", "2"]);
    assert.equal(await panel.locator(".judged b").allTextContents(), ["Noted: not a defect", "Noted: a defect"]);
    await panel.getByText("This model was not trained by Retort.").waitFor();

    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await panel.getByRole("button", { name: "Copy" }).click();
    await panel.getByText("Copied", { exact: true }).waitFor();
    assert.match(
      await page.evaluate<string>("navigator.clipboard.readText()"),
      /^cp -r .*\nretort train --normal GOOD_PICTURES\n$/,
    );

    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForFunction("innerWidth === 390");
    assert.is(await page.evaluate("document.documentElement.scrollWidth"), 390);
    await page.evaluate(axe.source);
    const found = await page.evaluate<string[]>(
      "axe.run(document.querySelector('.learning')).then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map(({ html }) => html)))",
    );
    assert.equal(found, []);
    assert.equal(complaints, []);
  },
);

test.run();
