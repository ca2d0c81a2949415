/** What people do with the live view, in a real Chromium, and what an agent is asked for then. */
import * as assert from "uvu/assert";
import { browserOf } from "../../support/browser.js";
import { liveCamera, partVerdict, scoreHistory, wholeAlert } from "../../support/live.js";
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
