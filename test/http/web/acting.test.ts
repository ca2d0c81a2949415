/** What people do with the live view, in a real Chromium, and what an agent is asked for then. */
import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { health, liveCamera, livePicture, partVerdict, scoreHistory, wholeAlert } from "../../support/live.js";
import { see } from "../../support/live-page.js";
import { suite } from "../../support/suite.js";
import { until } from "../../support/until.js";

const test = suite("the live view does");
const browser = browserOf(test);

browser.test("an alert appears as it comes, and acknowledging it gives MQTT's command", async () => {
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")] });
  const alert = wholeAlert(1, { context: { part: "P-7" }, raises: 3 });
  agent.tell("alert", alert);
  await page.getByText("RAISED", { exact: true }).waitFor();
  await page.getByText("part P-7").waitFor();
  await page.getByText("3 ×").waitFor();
  await page.getByRole("button", { name: /^Acknowledge/ }).click();
  await until(() => agent.commands.length === 1, "the command");
  assert.is(agent.commands[0]?.name, "acknowledge");
  assert.is(agent.commands[0]?.args.alert, alert.id);
  agent.tell("alert", { ...alert, phase: "acknowledged", by: "kim" });
  await page.getByText("by kim").waitFor();
  const steps = [{ seq: 2, phase: "acknowledged", ts: alert.ts, score: 0.6, peak: 0.6, by: "kim" }] as const;
  agent.tell("alert", { ...alert, phase: "updated", steps });
  await page.getByText("GOES ON, seen by kim").waitFor();
  assert.is(await page.getByRole("button", { name: /^Acknowledge/ }).count(), 0, "once is enough");
  await page.getByRole("button", { name: /^Not a defect/ }).click();
  await until(() => agent.commands.length === 2, "the feedback");
  assert.equal([agent.commands[1]?.name, agent.commands[1]?.args.verdict], ["feedback", "not_a_defect"]);
});

browser.test("a part is marked OK, NG or ?, and can be called a defect or none", async () => {
  const verdicts = { cam1: [partVerdict(7, "ok"), partVerdict(8, "ng"), partVerdict(9, "unknown")] };
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")], snapshot: { verdicts } });
  await page.getByRole("button", { name: /^\? 9 ?: could not be judged/ }).waitFor();
  assert.equal(await page.locator(".parts .mark").allTextContents(), ["?", "NG", "OK"]);
  agent.tell("verdict", partVerdict(10, "ok"));
  await page.getByRole("button", { name: /^OK 10 ?: good/ }).waitFor();
  await page.getByRole("button", { name: /^NG 8 ?: not good/ }).click();
  await page.getByRole("button", { name: "Not a defect: Part 8" }).click();
  await until(() => agent.commands.length === 1, "the feedback");
  const { id: _id, ...args } = agent.commands[0]!.args;
  assert.equal(args, { camera: "cam1", seq: 8, verdict: "not_a_defect" });
});

browser.test("the threshold's line is dragged, what it would have meant is shown, applied, and undone", async () => {
  const scores = { cam1: scoreHistory() };
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")], snapshot: { scores } });
  const grip = page.getByRole("slider", { name: "Threshold to try" });
  await grip.scrollIntoViewIfNeeded();
  const box = (await grip.boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 40, box.y + box.height / 2 + 40, { steps: 4 });
  await page.mouse.up();
  await page.getByText("12 parts more rejected").waitFor();
  assert.is(agent.commands.length, 0, "nothing is changed before it is applied");
  await page.getByRole("button", { name: "Apply" }).click();
  await until(() => agent.commands.length === 1, "the command");
  const { threshold } = agent.commands[0]!.args;
  assert.ok(Number(threshold) > 0.1 && Number(threshold) < 0.32, String(threshold));
  await page.getByRole("button", { name: "Undo" }).click();
  await until(() => agent.commands.length === 2, "the command that takes it back");
  assert.is(agent.commands[1]?.args.threshold, null, "the model's own again");
});

browser.test("the threshold can be tried by keyboard alone", async () => {
  const { agent, page } = await see(browser, {
    cameras: [liveCamera("cam1")],
    snapshot: { scores: { cam1: scoreHistory() } },
  });
  await page.getByRole("slider", { name: "Threshold to try" }).focus();
  await page.keyboard.press("PageDown");
  await page.getByText("12 parts more rejected").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await until(() => agent.commands.length === 1, "the command");
  assert.is(agent.commands[0]?.args.threshold, 0.288);
});

browser.test(
  "a camera is restarted, its alerts are shelved and that is ended, it is switched off when asked twice, and on",
  async () => {
    let counts = health(["cam1"]).cameras.cam1!;
    const { agent, page } = await see(browser, {
      cameras: [liveCamera("cam1")],
      health: () => health(["cam1"], { cameras: { cam1: counts } }),
    });
    const given = async (name: string, args: object): Promise<void> => {
      await until(() => agent.commands.at(-1)?.name === name, name);
      const last = agent.commands.at(-1)!;
      const { id: _id, ...rest } = last.args;
      assert.equal([last.name, rest], [name, args]);
    };
    const actions = page.getByRole("region", { name: "Actions" });
    await actions.getByRole("button", { name: "Restart camera" }).click();
    await given("restart-camera", { camera: "cam1" });
    await actions.getByLabel("Shelve alerts").selectOption({ label: "1 hour" });
    await given("shelve", { camera: "cam1", minutes: 60 });
    counts = { ...counts, alerts: { ...counts.alerts, shelvedUntil: new Date(Date.now() + 3_600_000).toISOString() } };
    await page
      .locator(".troubles")
      .getByText(/^cam1: alerts shelved until/)
      .waitFor();
    await actions.getByRole("button", { name: "End shelving" }).click();
    await until(() => agent.commands.at(-1)?.args.minutes === 0, "the end of the shelving");
    await actions.getByRole("button", { name: "Switch off" }).click();
    assert.is(agent.commands.length, 3, "asked first");
    await actions.getByRole("button", { name: "Cancel" }).click();
    await actions.getByRole("button", { name: "Switch off" }).click();
    await actions.getByRole("button", { name: "Yes, switch off" }).click();
    await given("disable", { camera: "cam1" });
    agent.tell("camera", liveCamera("cam1", { enabled: false, state: "disabled" }));
    await page.locator(".plate").getByText("OFF", { exact: true }).waitFor();
    assert.ok(await actions.getByRole("button", { name: "Restart camera" }).isDisabled());
    await actions.getByRole("button", { name: "Switch on" }).click();
    await given("enable", { camera: "cam1" });
  },
);

browser.test("a picture is saved under its camera's name and its time", async () => {
  const { jpeg } = await livePicture("cam1", 1);
  const snapshot = { camera: "cam1", ts: "2026-01-02T03:04:05.006Z", base64: jpeg };
  const { agent, page } = await see(browser, { cameras: [liveCamera("cam1")], results: { snapshot } });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save picture" }).click(),
  ]);
  assert.is(download.suggestedFilename(), "cam1-2026-01-02T03-04-05.006Z.jpg");
  assert.equal(await readFile(await download.path()), Buffer.from(jpeg, "base64"));
  assert.equal([agent.commands[0]?.name, agent.commands[0]?.args.camera], ["snapshot", "cam1"]);
});

browser.test("a wrong token is refused in words, the right one is typed once", async () => {
  const { page } = await see(browser, { cameras: [liveCamera("cam1")], token: "right" });
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token is not known to the agent.").waitFor();
  await page.getByLabel("Token").fill("right");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("All well").waitFor();
  await page.reload();
  await page.getByText("All well").waitFor();
});

browser.test("whoever may only look is offered nothing to change", async () => {
  const { page } = await see(browser, {
    cameras: [liveCamera("cam1")],
    role: "look",
    snapshot: { alerts: [wholeAlert(1)] },
  });
  await page.getByText("RAISED", { exact: true }).waitFor();
  for (const name of [/^Acknowledge/, /^Defect/, "Switch off", "Restart camera"]) {
    assert.is(await page.getByRole("button", { name }).count(), 0, String(name));
  }
});

test.run();
