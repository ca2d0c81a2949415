/** The live view in a real Chromium, against an agent that does what the test says. */
import AxeBuilder from "axe-core";
import * as assert from "uvu/assert";
import { type FakeAgent, type FakeAgentOptions, fakeAgent } from "../../fakes/live-agent.js";
import { type Browser, haveBrowser, type OpenPage, openBrowser } from "../../support/browser.js";
import { health, liveCamera, livePicture, partVerdict, scoreHistory, wholeAlert } from "../../support/live.js";
import { suite } from "../../support/suite.js";
import { until } from "../../support/until.js";

const test = suite("the live view");
let browser: Browser | null = null;
const closing: (() => Promise<void>)[] = [];

test.before(async () => {
  if (haveBrowser) browser = await openBrowser();
});
test.after.each(async () => {
  for (const close of closing.splice(0)) await close();
});
test.after(async () => {
  await browser?.close();
});

/** A page that listens to an agent. */
async function see(options: FakeAgentOptions, path = ""): Promise<OpenPage & { readonly agent: FakeAgent }> {
  const agent = await fakeAgent(options);
  closing.push(() => agent.close());
  const opened = await browser!.open(agent.url + path);
  closing.push(() => opened.page.context().close());
  // Which cameras there are the page hears first; then it asks again, with pictures.
  if (options.token === undefined)
    await until(() => agent.asked.at(-1)?.startsWith("?pictures=") === true, "the page asks for pictures", 15_000);
  return { agent, ...opened };
}

function promise(title: string, body: () => Promise<void>): void {
  if (haveBrowser) test(title, body);
}

promise("pictures move, with the heatmap and the outlines of the very same frame", async () => {
  const { agent, page } = await see({ cameras: [liveCamera("cam1")] });
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

promise("a camera's state is a word, a shape and a colour, and changes as it does", async () => {
  const { agent, page } = await see({ cameras: [liveCamera("cam1")] });
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

promise("an alert appears as it comes, and acknowledging it gives MQTT's command", async () => {
  const { agent, page } = await see({ cameras: [liveCamera("cam1")] });
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
  await page.getByRole("button", { name: /^Not a defect/ }).click();
  await until(() => agent.commands.length === 2, "the feedback");
  assert.equal([agent.commands[1]?.name, agent.commands[1]?.args.verdict], ["feedback", "not_a_defect"]);
});

promise("a part is marked OK, NG or ?, and can be called a defect or none", async () => {
  const verdicts = { cam1: [partVerdict(7, "ok"), partVerdict(8, "ng"), partVerdict(9, "unknown")] };
  const { agent, page } = await see({ cameras: [liveCamera("cam1")], snapshot: { verdicts } });
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

promise("the threshold's line is dragged, what it would have meant is shown, applied, and undone", async () => {
  const scores = { cam1: scoreHistory() };
  const { agent, page } = await see({ cameras: [liveCamera("cam1")], snapshot: { scores } });
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

promise("the threshold can be tried by keyboard alone", async () => {
  const { agent, page } = await see({ cameras: [liveCamera("cam1")], snapshot: { scores: { cam1: scoreHistory() } } });
  await page.getByRole("slider", { name: "Threshold to try" }).focus();
  await page.keyboard.press("PageDown");
  await page.getByText("12 parts more rejected").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await until(() => agent.commands.length === 1, "the command");
  assert.is(agent.commands[0]?.args.threshold, 0.288);
});

promise("a broker outage and a faulted camera cannot be overlooked, and their end is seen", async () => {
  const trouble = { code: "MQTT_UNREACHABLE", message: "connection refused", ts: new Date().toISOString() } as const;
  let broker = health(["cam1"]).broker;
  const { agent, page } = await see({ cameras: [liveCamera("cam1")], health: () => health(["cam1"], { broker }) });
  const strip = page.locator(".troubles");
  await strip.getByText("All well").waitFor();
  broker = { ...broker, connected: false, trouble };
  await strip.getByText("Broker not connected").waitFor();
  await strip.getByText("connection refused").waitFor();
  agent.tell("camera", liveCamera("cam1", { state: "faulted", reason: "SELF_TEST_BLIND: the model sees nothing" }));
  await strip.getByText("cam1: FAULT").waitFor();
  assert.match(await page.title(), /cam1: FAULT/);
  broker = { ...broker, connected: true };
  agent.tell("camera", liveCamera("cam1"));
  await strip.getByText("All well").waitFor();
});

promise("a page that hears nothing says that it is old", async () => {
  const { agent, page } = await see({ cameras: [liveCamera("cam1")] });
  await page.getByText("Live", { exact: true }).first().waitFor();
  agent.hang();
  await page.getByText(/Nothing heard from the agent for \d+ seconds/).waitFor();
  assert.is(await page.getAttribute("main", "data-stale"), "true");
});

promise(
  "several cameras are a wall; one opens large and alone is asked for its pictures; Escape leads back",
  async () => {
    const { agent, page } = await see({ cameras: ["a", "b", "c"].map((id) => liveCamera(id)) });
    assert.is(agent.asked.at(-1), "?pictures=a,b,c&fps=3");
    await page.getByRole("link", { name: "b", exact: true }).click();
    await page.getByRole("heading", { level: 2, name: "b", exact: true }).waitFor();
    await until(() => agent.asked.at(-1) === "?pictures=b&fps=8", "pictures of one");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "c", exact: true }).waitFor();
    await until(() => agent.listeners() === 1, "one connection, whatever was opened");
  },
);

promise("a wrong token is refused in words, the right one is typed once", async () => {
  const { page } = await see({ cameras: [liveCamera("cam1")], token: "right" });
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token is not known to the agent.").waitFor();
  await page.getByLabel("Token").fill("right");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("All well").waitFor();
  await page.reload();
  await page.getByText("All well").waitFor();
});

promise("whoever may only look is offered nothing to change", async () => {
  const { page } = await see({ cameras: [liveCamera("cam1")], role: "look", snapshot: { alerts: [wholeAlert(1)] } });
  await page.getByText("RAISED", { exact: true }).waitFor();
  for (const name of [/^Acknowledge/, /^Defect/, "Switch off", "Restart camera"]) {
    assert.is(await page.getByRole("button", { name }).count(), 0, String(name));
  }
});

promise(
  "axe finds nothing, light and dark, wide and narrow, one camera and several; no other host is asked",
  async () => {
    const snapshot = {
      alerts: [wholeAlert(1), wholeAlert(2, { phase: "shelved" }), wholeAlert(3, { phase: "cleared" })],
      verdicts: { cam1: [partVerdict(1, "ok"), partVerdict(2, "ng"), partVerdict(3, "unknown")] },
      scores: { cam1: scoreHistory() },
    };
    const states = ["ok", "anomalous", "faulted", "no-signal", "idle", "starting", "disabled"] as const;
    const wall = states.map((state) => liveCamera(state, { state, enabled: state !== "disabled" }));
    for (const cameras of [[liveCamera("cam1", { state: "anomalous" })], wall]) {
      const { agent, page, complaints, requests } = await see({ cameras, snapshot });
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [390, 1600]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          await page.locator(".alert").first().waitFor();
          if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(AxeBuilder.source);
          const found = await page.evaluate<{ id: string; help: string; nodes: { html: string }[] }[]>(
            "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => ({ html })) })))",
          );
          assert.equal(
            found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`),
            [],
            `${colorScheme}, ${width}`,
          );
          assert.is(await page.evaluate("document.documentElement.scrollWidth"), width, "nothing to scroll sideways");
        }
      }
      assert.equal(complaints, []);
      assert.equal(
        requests.filter((address) => !address.startsWith(agent.url) && !address.startsWith("data:")),
        [],
      );
    }
  },
);

test.run();
