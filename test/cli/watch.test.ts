/** `retort watch` at a real broker, as a process of its own. */
import { execFile } from "node:child_process";
import * as assert from "uvu/assert";
import { alertStep } from "../support/alert-step.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { endWatches, main, publish, since, status, watch } from "../support/watch.js";

const test = suite("watch");
test.after(endWatches);

const linesIn = (text: string) => text.split("\n").filter((line) => line !== "");
const jsonIn = (text: string) => linesIn(text).map((line) => JSON.parse(line) as Record<string, unknown>);

test("watch: what the agents of a prefix say, with words; an outage is told, its gap named, and what comes twice is shown once", async () => {
  const port = await freePort();
  let broker: Mosquitto = await startMosquitto(port);
  await publish(port, ["retort/line-7/status", status("online"), true]);
  const watching = watch(["--url", broker.url]);
  await until(() => watching.out().includes("line-7 is online, version 0.1.0"), "the retained status", 20_000);
  const state = { v: 1, ts: since, state: "faulted", since, reason: "unplugged" };
  await publish(
    port,
    ["retort/line-7/cam1/alert", alertStep(1, 1, 0)],
    ["retort/line-7/cam1/alert", alertStep(1, 1, 0)],
    ["retort/line-8/cam1/state", state],
    ["other/line-8/cam1/state", state],
    ["retort/line-8/cam1/alert", { v: 1, seq: "\u001b[2J" }],
  );
  await until(() => watching.out().includes("cannot be used"), "the last message");
  assert.match(watching.out(), /ALERT raised {3}line-7\/cam1 {2}score 0\.900 \(threshold 0\.500\)/);
  assert.match(watching.out(), "line-8/cam1 is faulted: unplugged");
  assert.is(watching.out().match(/ALERT/g)?.length, 1);
  assert.not.match(watching.out(), "\u001b");

  await broker.stop("SIGKILL");
  await until(() => watching.err().includes("NOT CONNECTED: MQTT_LOST"), "the outage is told");
  broker = await startMosquitto(port);
  await until(() => watching.err().includes("connected again"), "it comes back", 15_000);
  await publish(port, ["retort/line-7/status", status("stopped"), true]);
  await until(() => watching.out().includes("line-7 is stopped"), "its subscriptions are back");
  await publish(port, ["retort/line-7/cam1/alert", alertStep(2, 4, 9)]);
  await until(() => watching.out().includes("2 frames  3x4 at 1,2\n") && watching.out().includes("GAP"), "the gap");
  assert.match(watching.out(), "of line-7's alerts numbers 2 to 3 (2) are missing: there was no connection meanwhile");
  assert.is(await watching.stop(), 0);
  await broker.stop();
});

test("watch --json: a line of JSON for each message and for what becomes of the connection; --agent hears one agent only", async () => {
  const broker = await startMosquitto();
  await publish(broker.port, ["plant/a/status", status("online"), true], ["plant/b/status", status("online"), true]);
  const watching = watch(["--url", broker.url, "--prefix", "plant", "--agent", "a", "--json"]);
  await until(() => watching.out().includes('"topic":"status"'), "the retained status", 20_000);
  const alert = alertStep(1, 1, 0);
  await publish(broker.port, ["plant/b/cam1/alert", alert], ["plant/a/cam1/alert", alert]);
  await until(() => watching.out().includes("cam1/alert"), "the alert");
  assert.is(await watching.stop(), 0);
  const [connected, first, second, ...more] = jsonIn(watching.out());
  assert.equal([connected?.watch, connected?.protocol], ["connected", "5"]);
  assert.equal(first, { agent: "a", topic: "status", payload: status("online") });
  assert.equal(second, { agent: "a", topic: "cam1/alert", payload: alert });
  assert.equal(more, []);
  await broker.stop();
});

test("watch ends when nobody reads it any more", async () => {
  const broker = await startMosquitto();
  await publish(broker.port, ["retort/a/status", status("online"), true], ["retort/b/status", status("online"), true]);
  const command = `"${process.execPath}" "${main}" watch --json --url ${broker.url} | head -n 1`;
  const shown = new Promise<string>((resolve) => {
    execFile("bash", ["-c", command], (_, stdout) => resolve(stdout));
  });
  // What is written after the reader has gone ends it.
  let over = false;
  const text = shown.finally(() => (over = true));
  for (let seq = 1; !over; seq += 1) {
    await publish(broker.port, ["retort/a/cam1/alert", alertStep(seq, seq, seq)]);
  }
  assert.is(jsonIn(await text).length, 1);
  await broker.stop();
});

test.run();
