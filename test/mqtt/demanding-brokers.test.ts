/** Brokers that allow little, or hang up: what the agent's publisher and a real outbox make of them. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { openPublisher, type PublisherOptions } from "../../agent/mqtt/publisher.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import type { Message } from "../../agent/types.js";
import { alertStep, picture, plain, testOutbox } from "../support/outbox.js";
import {
  type Answer,
  connack,
  disconnect,
  type Publish,
  puback,
  publishPacket,
  type Script,
  startScriptedBroker,
  suback,
} from "../support/scripted-broker.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("mqtt demanding brokers");
const closing: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const T = "retort/line-7";
const twoBytes = (id: number, value: number) => [id, value >> 8, value & 0xff];
const fourBytes = (id: number, value: number) => [id, 0, 0, value >> 8, value & 0xff];

async function agentOf(script: Script, rest: Partial<PublisherOptions> = {}) {
  const broker = await startScriptedBroker(script);
  closing.push(() => broker.close());
  const outbox = await testOutbox();
  closing.push(() => outbox.close());
  const pausesMs: number[] = [];
  const publisher = openPublisher({
    url: broker.url,
    prefix: "retort",
    agentId: "line-7",
    version: "0",
    outbox,
    random: () => 0,
    pause: async (ms, stop) => {
      pausesMs.push(ms);
      // Twenty times as fast as in life, but for what is half a minute there.
      await sleep(ms < 10_000 ? ms / 20 : ms, undefined, { signal: stop }).catch(() => null);
    },
    ...rest,
  });
  closing.push(() => publisher.close());
  const codes: string[] = [];
  publisher.trouble$.subscribe(({ code, message, at }) => {
    assert.not.match(`${at} ${message}`, "undefined");
    codes.push(code);
  });
  const up = () => until(() => publisher.health().connected, "the connection");
  return {
    broker,
    outbox,
    publisher,
    codes,
    up,
    pausesMs,
    times: (code: string) => codes.filter((each) => each === code).length,
  };
}

const add = (outbox: Outbox, evidenceBytes = 0): Promise<void> =>
  outbox.add(alertStep(), evidenceBytes === 0 ? plain : { evidence: picture(evidenceBytes) });

const state = (camera: string, payload: object = {}): Message => ({
  topic: `${camera}/state`,
  payload,
  qos: 1,
  retain: true,
});
const score: Message = { topic: "cam1/score", payload: { score: 1 }, qos: 0, retain: false };
const isAlert = ({ topic }: Publish): boolean => topic.endsWith("/alert");
const isPicture = ({ topic }: Publish): boolean => topic.includes("/evidence/");
const seqOf = ({ payload }: Publish): number => (JSON.parse(payload) as { seq: number }).seq;

for (const receiveMaximum of [1, 2]) {
  test(`receive maximum ${receiveMaximum}: never more unacknowledged, each alert at once, its picture behind it`, async () => {
    let unacknowledged = 0;
    let most = 0;
    const sent: Publish[] = [];
    const slowly = (publish: Publish): Answer | null => {
      if (publish.qos === 0) return null;
      unacknowledged += 1;
      most = Math.max(most, unacknowledged);
      sent.push(publish);
      setTimeout(() => {
        unacknowledged -= 1;
        broker.say(puback(publish.id));
      }, 5);
      return "nothing";
    };
    const { broker, outbox, publisher, up } = await agentOf({
      connect: () => connack(5, 0, twoBytes(0x21, receiveMaximum)),
      publish: slowly,
    });
    await up();
    for (let n = 1; n <= 6; n += 1) {
      await add(outbox, n % 2 === 0 ? 0 : 5_000);
      void publisher.publish(state("cam1", { n }));
      await until(() => sent.filter(isAlert).length === n, `alert ${n}, without another event`, 1_000);
    }
    await until(() => outbox.health().depth === 0 && outbox.health().evidence === 0, "all");
    assert.equal(sent.filter(isAlert).map(seqOf), [1, 2, 3, 4, 5, 6]);
    for (const evidence of sent.filter(isPicture)) {
      const id = evidence.topic.split("/").at(-1)!;
      const alertAt = sent.findIndex((each) => isAlert(each) && each.payload.includes(id));
      assert.ok(alertAt >= 0 && alertAt < sent.indexOf(evidence), "its alert was before it");
    }
    assert.is(most, receiveMaximum);
    await publisher.close();
    assert.ok(most <= receiveMaximum, "also at the end");
    assert.match(broker.published(`${T}/status`).at(-1)!.payload, "stopped");
  });
}

test("a long queue of alerts and one slot: a state does not wait for the end of it", async () => {
  const { broker, outbox, publisher, up } = await agentOf({ connect: () => connack(5, 0, twoBytes(0x21, 1)) });
  await up();
  await Promise.all(Array.from({ length: 200 }, () => add(outbox)));
  await publisher.publish(state("cam1"));
  assert.ok(broker.published(`${T}/cam1/alert`).length < 200);
});

test("a maximum packet size: a reply too large is an error that fits, a picture is given up, one connection for it all", async () => {
  const { broker, outbox, publisher, codes, up } = await agentOf({
    connect: () => connack(5, 0, fourBytes(0x27, 4_000)),
  });
  publisher.command$.subscribe(({ reply }) => reply({ ok: true, result: "x".repeat(15_000) }));
  await up();
  broker.say(publishPacket(`${T}/cmd/snapshot`, '{"id":"s1"}'));
  await until(() => broker.published(`${T}/reply/snapshot`).length === 1, "the reply");
  const reply = JSON.parse(broker.published(`${T}/reply/snapshot`)[0]!.payload) as {
    id: string;
    error: { code: string };
  };
  assert.equal([reply.id, reply.error.code], ["s1", "REPLY_TOO_LARGE"]);
  await add(outbox, 5_000);
  await publisher.publish({ topic: "health", payload: { text: "x".repeat(5_000) }, qos: 0, retain: true });
  await until(() => outbox.health().depth === 0 && outbox.health().evidence === 0, "the alert");
  assert.equal(outbox.health().lost, { "evidence-refused": 1 });
  assert.equal(codes, ["MQTT_PACKET_TOO_LARGE", "MQTT_PACKET_TOO_LARGE", "MQTT_PACKET_TOO_LARGE"]);
  assert.is(broker.connections(), 1);
  assert.ok(broker.sent.every((each) => each.kind !== "publish" || each.bytes <= 4_000));
});

test("a broker that makes levels of dots: a command on a topic that nobody subscribed to is reported", async () => {
  const { broker, codes, publisher, up } = await agentOf({});
  const commands: string[] = [];
  publisher.command$.subscribe(({ command }) => commands.push(command));
  await up();
  for (const topic of ["retort/line/7/cmd/status", `${T}/reply/context`, `${T}/cmd/status`]) {
    broker.say(publishPacket(topic, '{"id":"1"}'));
  }
  await until(() => commands.length === 1, "the agent's own");
  assert.equal(codes, ["MQTT_TOPIC_FOREIGN"]);
});

for (const [what, script] of [
  ["refuses the will", { connect: (connect) => connack(5, connect.will?.retain ? 154 : 0) }],
  ["says so in its CONNACK", { connect: () => connack(5, 0, [0x25, 0]) }],
  ["ends the connection on the first", { publish: ({ retain }: Publish) => (retain ? disconnect(154) : null) }],
] as const satisfies readonly (readonly [string, Script])[]) {
  test(`a broker without retained messages that ${what}: it is used without, and that is said once`, async () => {
    const { broker, outbox, publisher, times } = await agentOf(script);
    await publisher.publish(state("cam1"));
    await add(outbox);
    await until(() => outbox.health().depth === 0, "the alert");
    const connection = broker.connections();
    assert.ok(connection <= 2);
    assert.is(times("MQTT_NO_RETAIN"), 1);
    const last = broker.sent.filter((each) => each.connection === connection && each.kind === "publish");
    assert.ok(last.length >= 3 && last.every((each) => each.kind === "publish" && !each.retain));
  });
}

for (const [what, script] of [
  ["by refusing the will", { connect: (connect) => connack(5, connect.will?.qos === 1 ? 155 : 0) }],
  ["in its CONNACK", { connect: () => connack(5, 0, [0x24, 0]) }],
] as const satisfies readonly (readonly [string, Script])[]) {
  test(`a broker that takes QoS 0 only and says so ${what}: it is refused with the reason, alerts wait`, async () => {
    const { broker, outbox, codes } = await agentOf(script);
    await add(outbox);
    await until(() => codes.includes("MQTT_NO_QOS"), "the reason");
    assert.equal([outbox.health().depth, broker.published(`${T}/cam1/alert`)], [1, []]);
  });
}

test("no wildcards, or a subscription refused: it is reported with its topic, and all else goes on", async () => {
  const without = await agentOf({ connect: () => connack(5, 0, [0x28, 0]) });
  await until(() => without.times("MQTT_SUBSCRIBE_REFUSED") === 2, "both");
  const refused = await agentOf({ subscribe: ({ id, filter }) => suback(5, id, filter.includes("cmd") ? 135 : 1) });
  await until(() => refused.times("MQTT_SUBSCRIBE_REFUSED") === 1, "one");
  await refused.publisher.publish(state("cam1"));
  assert.is(refused.broker.connections(), 1);
});

for (const [how, version] of [
  ["hang-up", 4],
  ["reset", 4],
  ["hang-up", 5],
] as const) {
  test(`a broker of MQTT ${version === 5 ? "5" : "3.1.1"} that ends the connection on what is large (${how}): pictures are given up, alerts arrive, and nobody took the id`, async () => {
    const { broker, outbox, publisher, codes, times } = await agentOf({
      connect: (connect) => (connect.version === version ? connack(version) : connack(connect.version, 1)),
      publish: ({ bytes }) => (bytes > 8_000 ? how : null),
    });
    const scoring = setInterval(() => void publisher.publish(score), 5);
    closing.push(async () => clearInterval(scoring));
    await add(outbox, 20_000);
    await add(outbox);
    await until(() => outbox.health().evidence === 0, "the picture is given up", 15_000);
    assert.ok(times("MQTT_HUNG_UP") >= 1);
    await until(() => publisher.health().connected, "a connection that stays");
    const connections = broker.connections();
    assert.ok(connections <= 7, `${connections} connections`);
    await add(outbox, 30_000);
    await add(outbox);
    await until(() => outbox.health().depth === 0 && outbox.health().evidence === 0, "a larger one is not even tried");
    await until(() => broker.published(`${T}/cam1/score`).some(({ qos }) => qos === 0), "scores");
    assert.is(broker.connections(), connections);
    assert.equal(outbox.health().lost, { "evidence-refused": 2 });
    assert.not(codes.includes("MQTT_ID_TAKEN"));
    const seqs = new Set(broker.published(`${T}/cam1/alert`).map(seqOf));
    assert.equal([...seqs], [1, 2, 3, 4]);
  });
}

for (const [what, message] of [
  ["a state", state("cam1")],
  ["scores", score],
] as const) {
  test(`a broker that hangs up on ${what}: they are given up, and all else goes on`, async () => {
    const topic = `${T}/${message.topic}`;
    const { broker, outbox, publisher, codes } = await agentOf({
      publish: (publish) => (publish.topic === topic ? "hang-up" : null),
    });
    const repeating = setInterval(() => void publisher.publish(message), 5);
    closing.push(async () => clearInterval(repeating));
    await until(() => codes.includes("MQTT_HUNG_UP"), "it is given up", 15_000);
    await until(() => publisher.health().connected, "a connection that stays");
    const connections = broker.connections();
    await add(outbox, 2_000);
    await publisher.publish(state("cam2"));
    await until(() => outbox.health().depth === 0 && outbox.health().evidence === 0, "an alert");
    assert.is(broker.connections(), connections);
    assert.ok((publisher.health().lost.refused ?? 0) > 0, "counted");
    assert.not(codes.includes("MQTT_ID_TAKEN"));
  });
}

test("a broker that hangs up on a subscription: it is done without", async () => {
  const { broker, outbox, codes, publisher } = await agentOf({
    subscribe: ({ filter }) => (filter.includes("cmd") ? "hang-up" : null),
  });
  await until(() => codes.includes("MQTT_HUNG_UP"), "it is given up", 15_000);
  await until(() => publisher.health().connected, "a connection that stays");
  await add(outbox);
  await until(() => outbox.health().depth === 0, "an alert");
  assert.ok(broker.sent.some((each) => each.kind === "subscribe" && each.filter === `${T}/+/context`));
  assert.not(codes.includes("MQTT_ID_TAKEN"));
});

test("a broker that hangs up on every alert: one is given up, the others wait for a better day", async () => {
  const { outbox, publisher, codes, times, pausesMs } = await agentOf({
    publish: (publish) => (isAlert(publish) ? "hang-up" : null),
  });
  for (let n = 0; n < 3; n += 1) await add(outbox);
  await until(() => times("MQTT_HUNG_UP") === 2, "the second is to blame, too, and is kept", 20_000);
  assert.equal([outbox.health().lost, outbox.health().depth], [{ "alert-refused": 1 }, 2]);
  assert.not(codes.includes("MQTT_ID_TAKEN"));
  await until(() => pausesMs.at(-1) === 30_000, "it waits for most of a minute");
  assert.is(publisher.health().trouble?.code, "MQTT_HUNG_UP");
});

test("a broker that passes one packet over and answers all others is not held for dead for ever", async () => {
  const { outbox, publisher, codes } = await agentOf(
    { publish: (publish) => (isPicture(publish) ? "nothing" : null) },
    { ackTimeoutMs: 100 },
  );
  const repeating = setInterval(() => void publisher.publish(state("cam1")), 10);
  closing.push(async () => clearInterval(repeating));
  await add(outbox, 5_000);
  await add(outbox);
  await until(() => outbox.health().evidence === 0, "the picture is given up", 15_000);
  assert.ok(codes.includes("MQTT_HUNG_UP"));
});

test.run();
