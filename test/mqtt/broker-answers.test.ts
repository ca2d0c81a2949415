import * as assert from "uvu/assert";
import type { Client, ClientOptions, ConnectionLoss } from "../../agent/mqtt/client.js";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { CodedError, type ErrorCode } from "../../errors.js";
import { connack, disconnect, puback, type Script, startScriptedBroker, suback } from "../support/scripted-broker.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** Every code that a broker can answer, sent byte for byte: each has a stated effect, and a text for people. */
const test = suite("mqtt answers");
const closing: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const every = Array.from({ length: 256 }, (_, code) => code);

async function brokerOf(script: Script) {
  const broker = await startScriptedBroker(script);
  closing.push(() => broker.close());
  return broker;
}

async function connect(url: string, rest: Partial<ClientOptions> = {}): Promise<Client & { losses: ConnectionLoss[] }> {
  const losses: ConnectionLoss[] = [];
  const client = await openClient({
    url,
    version: 5,
    clientId: "c",
    username: null,
    password: null,
    will: null,
    retain: true,
    keepaliveS: 60,
    connectTimeoutMs: 5_000,
    onReceived: () => undefined,
    onLost: (loss) => losses.push(loss),
    ...rest,
  });
  closing.push(async () => client.destroy());
  return { ...client, losses };
}

async function faultOf(work: Promise<unknown>): Promise<CodedError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    assert.instance(error, CodedError);
    return error as CodedError;
  }
}

/** MQTT 5, table 3-1, and MQTT 3.1.1, table 3.1. */
const refusals: Readonly<Record<number, ErrorCode>> = {
  1: "MQTT_VERSION_REFUSED",
  2: "MQTT_CLIENT_ID_REFUSED",
  3: "MQTT_BROKER_BUSY",
  4: "MQTT_NOT_AUTHORIZED",
  5: "MQTT_NOT_AUTHORIZED",
  132: "MQTT_VERSION_REFUSED",
  133: "MQTT_CLIENT_ID_REFUSED",
  134: "MQTT_NOT_AUTHORIZED",
  135: "MQTT_NOT_AUTHORIZED",
  136: "MQTT_BROKER_BUSY",
  137: "MQTT_BROKER_BUSY",
  138: "MQTT_BANNED",
  151: "MQTT_LIMIT_EXCEEDED",
  154: "MQTT_NO_RETAIN",
  155: "MQTT_NO_QOS",
  156: "MQTT_MOVED",
  157: "MQTT_MOVED",
  159: "MQTT_LIMIT_EXCEEDED",
};

for (const version of [5, 4] as const) {
  test(`CONNACK of MQTT ${version === 5 ? "5" : "3.1.1"}: every refusal is an error with a code, a name or number, and a remedy`, async () => {
    const broker = await brokerOf({ connect: (_, connection) => connack(version, connection) });
    for (const reason of every.slice(1)) {
      const fault = await faultOf(connect(broker.url, { version }));
      assert.is(fault?.code, refusals[reason] ?? "MQTT_REFUSED", `reason ${reason}`);
      assert.match(fault?.message ?? "", new RegExp(`reason ${reason}\\b`));
      assert.not.match(fault?.message ?? "", "undefined");
      assert.ok((fault?.remedy ?? "").length > 0);
    }
  });
}

test("a broker's own words, and the other broker that it names, are in the error", async () => {
  const text = (id: number, words: string) => [id, 0, words.length, ...Buffer.from(words)];
  const broker = await brokerOf({
    connect: () => connack(5, 157, [...text(0x1f, "moved house"), ...text(0x1c, "there:1883")]),
  });
  const fault = await faultOf(connect(broker.url));
  assert.match(fault?.message ?? "", /server moved \(reason 157\): moved house, its other server: there:1883/);
});

test("PUBACK: below 128 the broker has it; some refusals are for good, the others may pass; the connection stays", async () => {
  const broker = await brokerOf({ publish: ({ id, payload }) => puback(id, Number(payload)) });
  const client = await connect(broker.url);
  for (const reason of every) {
    const fault = await faultOf(client.send({ topic: "t", payload: String(reason), qos: 1, retain: false }));
    const forGood = [144, 149, 153].includes(reason);
    const code = reason < 128 ? undefined : forGood ? "MQTT_PUBLISH_INVALID" : "MQTT_PUBLISH_REFUSED";
    assert.is(fault?.code, code, `reason ${reason}`);
    assert.not.match(fault?.message ?? "", "undefined");
    assert.is(fault?.at, code === undefined ? undefined : "t");
  }
  assert.equal(client.losses, []);
});

for (const [version, reasons] of [
  [5, every],
  [4, [0, 1, 2, 128]],
] as const) {
  test(`SUBACK of MQTT ${version === 5 ? "5" : "3.1.1"}: granted or refused, with the filter; the connection stays`, async () => {
    const broker = await brokerOf({ subscribe: ({ id, filter }) => suback(version, id, Number(filter.slice(2))) });
    const client = await connect(broker.url, { version });
    for (const reason of reasons) {
      const fault = await faultOf(client.subscribe(`f/${reason}`));
      assert.is(fault?.code, reason < 128 ? undefined : "MQTT_SUBSCRIBE_REFUSED", `reason ${reason}`);
      assert.is(fault?.at, reason < 128 ? undefined : `f/${reason}`);
      assert.not.match(fault?.message ?? "", "undefined");
    }
    assert.equal(client.losses, []);
  });
}

/** MQTT 5, table 3-13; all others: `reconnect`. */
const ends: Readonly<Record<string, readonly number[]>> = {
  blame: [128, 129, 130, 131, 135, 143, 144, 148, 149, 153, 158, 161, 162],
  wait: [137, 150, 151, 159],
  "taken-over": [142],
  "no-retain": [154],
  "no-qos": [155],
};

test("DISCONNECT: every reason has its effect, at once, though the broker leaves the connection open", async () => {
  const broker = await brokerOf({});
  for (const reason of every) {
    const client = await connect(broker.url);
    broker.say(disconnect(reason));
    await until(() => client.losses.length === 1, `reason ${reason}`);
    const [loss] = client.losses;
    const [effect = "reconnect"] = Object.entries(ends).find(([, reasons]) => reasons.includes(reason)) ?? [];
    assert.is(loss!.effect, effect, `reason ${reason}`);
    assert.match(loss!.reason, new RegExp(`reason ${reason}\\b`));
    assert.not.match(loss!.reason, "undefined");
  }
});

for (const [how, effect] of [
  ["hang-up", "hung-up"],
  ["reset", "blame"],
] as const) {
  test(`a broker that ends the connection without a word (${how}): whatever was on its way is rejected`, async () => {
    const broker = await brokerOf({ publish: () => how });
    const client = await connect(broker.url);
    const fault = await faultOf(client.send({ topic: "t", payload: "x", qos: 1, retain: false }));
    assert.is(fault?.code, "MQTT_PUBLISH_FAILED");
    await until(() => client.losses.length === 1, "the loss");
    assert.is(client.losses[0]!.effect, effect);
  });
}

test("what cannot be parsed blames what was sent; an unanswered ping blames the network", async () => {
  const broker = await brokerOf({ ping: () => "nothing" });
  const silent = await connect(broker.url, { keepaliveS: 1 });
  const garbled = await connect(broker.url);
  broker.say(Buffer.from("42c8", "hex"));
  await until(() => garbled.losses.length === 1, "the loss");
  assert.is(garbled.losses[0]!.effect, "blame");
  await until(() => silent.losses.length === 1, "the missed ping");
  assert.is(silent.losses[0]!.effect, "reconnect");
});

const twoBytes = (id: number, value: number) => [id, value >> 8, value & 0xff];
const fourBytes = (id: number, value: number) => [id, 0, 0, value >> 8, value & 0xff];

for (const [what, properties, limits] of [
  ["nothing", [], {}],
  ["a receive maximum", twoBytes(0x21, 7), { receiveMaximum: 7 }],
  ["a maximum packet size", fourBytes(0x27, 4_000), { maximumPacketBytes: 4_000 }],
  ["QoS 1 at most", [0x24, 1], {}],
  ["no retained messages", [0x25, 0], { retain: false }],
  ["no wildcards", [0x28, 0], { wildcards: false }],
  ["no subscription identifiers", [0x29, 0], {}],
  ["no shared subscriptions", [0x2a, 0], {}],
  ["topic aliases", twoBytes(0x22, 10), {}],
  ["a client id", [0x12, 0, 1, 0x78], {}],
  ["a session that ends at once", [0x11, 0, 0, 0, 0], {}],
] as const) {
  test(`CONNACK announces ${what}`, async () => {
    const broker = await brokerOf({ connect: () => connack(5, 0, properties) });
    const client = await connect(broker.url);
    const unlimited = { receiveMaximum: 65_535, maximumPacketBytes: 268_435_455, retain: true, wildcards: true };
    assert.equal(client.limits, { ...unlimited, ...limits });
    await client.send({ topic: "t", payload: "x", qos: 1, retain: true });
    assert.is(broker.published("t")[0]!.retain, client.limits.retain);
    const fault = await faultOf(client.subscribe("a/+"));
    assert.is(fault?.code, client.limits.wildcards ? undefined : "MQTT_SUBSCRIBE_REFUSED");
    assert.is(broker.sent.filter(({ kind }) => kind === "subscribe").length, client.limits.wildcards ? 1 : 0);
    const large = { topic: "t", payload: "x".repeat(4_000), qos: 0, retain: false } as const;
    assert.is(
      (await faultOf(client.send(large)))?.code,
      what === "a maximum packet size" ? "MQTT_PACKET_TOO_LARGE" : undefined,
    );
  });
}

for (const [what, properties, code] of [
  ["QoS 0 only", [0x24, 0], "MQTT_NO_QOS"],
  ["a receive maximum of 0", twoBytes(0x21, 0), "MQTT_REFUSED"],
  ["a maximum packet size of 0", fourBytes(0x27, 0), "MQTT_REFUSED"],
] as const) {
  test(`CONNACK announces ${what}: the connection is not used`, async () => {
    const broker = await brokerOf({ connect: () => connack(5, 0, properties) });
    assert.is((await faultOf(connect(broker.url)))?.code, code);
  });
}

test("the server's keep-alive is kept: it asks for a ping each second, and gets one", async () => {
  const broker = await brokerOf({ connect: () => connack(5, 0, twoBytes(0x13, 1)) });
  await connect(broker.url);
  await until(() => broker.sent.some(({ kind }) => kind === "ping"), "a ping", 1_500);
});

test.run();
