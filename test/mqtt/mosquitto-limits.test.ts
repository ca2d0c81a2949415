/** Mosquitto's own settings, each as a plant's administrator may have made it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { brokerChecks } from "../../agent/doctor/broker.js";
import { openPublisher } from "../../agent/mqtt/publisher.js";
import type { Message } from "../../agent/types.js";
import { mqttConfig, temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto, subscribe } from "../support/mosquitto.js";
import { alertStep, picture, testOutbox } from "../support/outbox.js";
import { startProxy } from "../support/proxy.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("mqtt with Mosquitto's limits");
const closing: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function mosquitto(settings: readonly string[], port?: number): Promise<Mosquitto> {
  const broker = await startMosquitto(port, ["allow_anonymous true", "persistence false", ...settings]);
  closing.push(() => broker.stop());
  return broker;
}

async function publishTo(url: string) {
  const outbox = await testOutbox();
  closing.push(() => outbox.close());
  const publisher = openPublisher({ url, prefix: "retort", agentId: "line-7", version: "0", outbox, random: () => 0 });
  closing.push(() => publisher.close());
  const codes: string[] = [];
  let ups = 0;
  publisher.trouble$.subscribe(({ code }) => codes.push(code));
  publisher.connected$.subscribe((up) => {
    if (up) ups += 1;
  });
  const nothingWaits = () => outbox.health().depth === 0 && outbox.health().evidence === 0;
  return { outbox, publisher, codes, ups: () => ups, nothingWaits };
}

const state = (camera: string, payload: object): Message => ({
  topic: `${camera}/state`,
  payload,
  qos: 1,
  retain: true,
});

test("message_size_limit: a picture that is too large is refused once, and the connection stays", async () => {
  // With no limit to what is queued Mosquitto 2.0.11 closes the connection behind its PUBACK.
  const broker = await mosquitto(["message_size_limit 20000", "max_queued_messages 10000"]);
  const heard = await subscribe(broker.port, "retort/#");
  closing.push(() => heard.stop());
  const { outbox, codes, ups, nothingWaits } = await publishTo(broker.url);
  await outbox.add(alertStep(), { evidence: picture(40_000) });
  await outbox.add(alertStep(), { evidence: picture(10_000) });
  await until(nothingWaits, "everything is settled");
  assert.equal(outbox.health().lost, { "evidence-refused": 1 });
  assert.equal([codes, ups()], [["MQTT_PUBLISH_INVALID"], 1]);
  await until(() => heard.heard.some(({ topic }) => topic.includes("/evidence/")), "the smaller picture");
});

test("retain_available false: it is used without retained messages, and that is said once", async () => {
  const broker = await mosquitto(["retain_available false"]);
  const heard = await subscribe(broker.port, "retort/#");
  closing.push(() => heard.stop());
  const { outbox, publisher, codes, nothingWaits } = await publishTo(broker.url);
  await outbox.add(alertStep(), { evidence: picture(1_000) });
  await publisher.publish(state("cam1", { state: "ok" }));
  await until(nothingWaits, "the alert");
  await until(() => heard.of("retort/line-7/cam1/state").length === 1, "the state");
  assert.equal(codes, ["MQTT_NO_RETAIN"]);
  const checks = await checksOf(broker.url);
  assert.equal(checks, ["ok BROKER_REACHED", "note MQTT_NO_RETAIN"]);
});

test("max_qos 0: it is refused with the reason, by the agent and by doctor", async () => {
  const broker = await mosquitto(["max_qos 0"]);
  const { codes } = await publishTo(broker.url);
  await until(() => codes.includes("MQTT_NO_QOS"), "the reason");
  assert.equal(await checksOf(broker.url), ["fail MQTT_NO_QOS"]);
});

test("max_inflight_messages 1: each alert leaves at once, a line that then stays quiet included", async () => {
  const broker = await mosquitto(["max_inflight_messages 1"]);
  const { outbox, nothingWaits } = await publishTo(broker.url);
  for (const phase of ["raised", "updated", "cleared"] as const) {
    await outbox.add(alertStep({ phase }), { evidence: phase === "raised" ? picture(5_000) : null });
    await until(nothingWaits, phase, 2_000);
  }
});

test("a broker that is started again and has kept nothing: status, states and health are there again", async () => {
  const port = await freePort();
  const first = await startMosquitto(port, ["allow_anonymous true", "persistence false"]);
  const { publisher, ups } = await publishTo(first.url);
  const health: Message = { topic: "health", payload: { uptimeS: 1 }, qos: 0, retain: true };
  await Promise.all([
    publisher.publish(state("cam1", { state: "starting" })),
    publisher.publish(state("cam2", { state: "anomalous" })),
    publisher.publish(health),
  ]);
  await publisher.publish(state("cam1", { state: "ok" }));
  await first.stop();
  await mosquitto([], port);
  await until(() => ups() === 2, "the second connection", 15_000);
  await publisher.publish(state("cam3", { state: "ok" }));
  const late = await subscribe(port, "retort/#");
  closing.push(() => late.stop());
  await until(() => late.heard.length === 5, "all that is retained");
  assert.ok(late.heard.every(({ retained }) => retained));
  const states = ["cam1", "cam2", "cam3"].map((camera) => late.of(`retort/line-7/${camera}/state`)[0]?.state);
  assert.equal(states, ["ok", "anomalous", "ok"]);
  assert.is(late.of("retort/line-7/status")[0]!.state, "online");
  assert.equal(publisher.health().lost, {}, "and nothing of it is a loss");
});

async function checksOf(url: string): Promise<readonly string[]> {
  const checks = await brokerChecks({ agent: { id: "line-7" }, mqtt: mqttConfig({ url }) });
  assert.not.match(JSON.stringify(checks), "undefined");
  return checks.map(({ level, code }) => `${level} ${code}`);
}

for (const [what, rules, expected] of [
  ["that allows everything", ["topic readwrite retort/#"], ["ok BROKER_REACHED"]],
  ["that refuses every message", ["topic read retort/#"], ["ok BROKER_REACHED", "fail MQTT_PUBLISH_REFUSED"]],
  ["that lets nothing be read", ["topic write retort/#"], ["ok BROKER_REACHED", "note BROKER_NOT_HEARD"]],
] as const) {
  test(`doctor: an access list ${what}`, async () => {
    const file = join(temporaryFolder(), "acl");
    writeFileSync(file, `${rules.join("\n")}\n`);
    const broker = await mosquitto([`acl_file ${file}`]);
    assert.equal(await checksOf(broker.url), expected);
    if (what !== "that refuses every message") return;
    // MQTT 3.1.1 has no refusal: the message is dropped.
    const old = await startProxy(broker.port, (first) => first[first.indexOf("MQTT") + 4] === 4);
    closing.push(() => old.close());
    assert.equal(await checksOf(old.url), ["ok BROKER_REACHED", "fail BROKER_NOT_HEARD"]);
  });
}

test("doctor leaves the agent alone: its status stays, and it is not thrown out", async () => {
  const broker = await mosquitto([]);
  const heard = await subscribe(broker.port, "retort/#");
  closing.push(() => heard.stop());
  const { publisher, ups } = await publishTo(broker.url);
  await publisher.publish(state("cam1", { state: "ok" }));
  assert.equal(await checksOf(broker.url), ["ok BROKER_REACHED"]);
  await until(() => heard.heard.some(({ topic }) => topic.endsWith("/doctor")), "its message");
  assert.is(ups(), 1);
  const late = await subscribe(broker.port, "retort/#");
  closing.push(() => late.stop());
  await until(() => late.heard.length === 2, "what is retained");
  assert.equal(late.heard.map(({ topic }) => topic).sort(), ["retort/line-7/cam1/state", "retort/line-7/status"]);
});

test.run();
