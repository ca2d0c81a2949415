import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import * as assert from "uvu/assert";
import { brokerChecks } from "../../agent/doctor/broker.js";
import type { Client } from "../../agent/mqtt/client.js";
import { readCredentials } from "../../agent/mqtt/credentials.js";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import type { MqttConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { createAuthority } from "../support/certificates.js";
import { configOf, mqttConfig, temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto, subscribe } from "../support/mosquitto.js";
import { testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("mqtt over TLS");
const folder = temporaryFolder();
const plant = createAuthority("plant");
const stranger = createAuthority("stranger");
const good = plant.issue("broker", { names: "DNS:localhost,DNS:broker.plant.local,IP:127.0.0.1" });
const named = plant.issue("named", { names: "DNS:broker.plant.local" });
const expired = plant.issue("expired", { from: -3, to: -1 });
const early = plant.issue("early", { from: 1, to: 2 });
const line7 = plant.issue("line-7");
const line7Expired = plant.issue("line-7-expired", { from: -3, to: -1 });
const intruder = stranger.issue("intruder");

const kinds = ["plain", "tls", "named", "expired", "early", "mutual", "ws", "wss"] as const;
type Kind = (typeof kinds)[number];
const ports = {} as Record<Kind, number>;
let broker: Mosquitto;

test.before(async () => {
  for (const kind of kinds) ports[kind] = await freePort();
  const serve = ({ cert, key }: typeof good) => [`certfile ${cert}`, `keyfile ${key}`];
  const listener = (kind: Kind, ...settings: string[]) => [`listener ${ports[kind]} 127.0.0.1`, ...settings];
  broker = await startMosquitto(ports.plain, [
    "allow_anonymous true",
    ...listener("tls", ...serve(good)),
    ...listener("named", ...serve(named)),
    ...listener("expired", ...serve(expired)),
    ...listener("early", ...serve(early)),
    ...listener("mutual", ...serve(good), `cafile ${plant.cert}`, "require_certificate true"),
    ...listener("ws", "protocol websockets"),
    ...listener("wss", "protocol websockets", ...serve(good)),
  ]);
});
test.after(() => broker.stop());

const withCa = { caFile: plant.cert };
const withClient = { ...withCa, certFile: line7.cert, keyFile: line7.key };

async function connect(url: string, settings: Partial<MqttConfig> = {}): Promise<Client> {
  const credentials = await readCredentials(mqttConfig({ url, ...settings }));
  return openClient({
    url,
    version: 5,
    clientId: "tester",
    will: null,
    retain: true,
    keepaliveS: 15,
    connectTimeoutMs: 5_000,
    onReceived: () => undefined,
    onLost: () => undefined,
    ...credentials,
  });
}

async function refusal(connecting: Promise<Client>): Promise<CodedError> {
  try {
    (await connecting).destroy();
  } catch (error) {
    assert.instance(error, CodedError);
    return error as CodedError;
  }
  throw new Error("it connected");
}

for (const [what, protocol, kind, settings, host = "localhost"] of [
  ["a private authority", "mqtts", "tls", withCa],
  ["an address that the certificate names", "mqtts", "tls", withCa, "127.0.0.1"],
  ["an address, the certificate's name given", "mqtts", "named", { ...withCa, serverName: "broker.plant.local" }],
  ["a client certificate", "mqtts", "mutual", withClient],
  ["a websocket", "ws", "ws", {}],
  ["a websocket over TLS", "wss", "wss", withCa],
] as const) {
  test(`connects: ${what}`, async () => {
    const client = await connect(`${protocol}://${host}:${ports[kind]}`, settings);
    await client.send({ topic: "t", payload: "p", qos: 1, retain: false });
    await client.close();
  });
}

for (const [what, protocol, kind, settings, code, host = "localhost"] of [
  ["no authority named: the broker's is not one of Node's", "mqtts", "tls", {}, "MQTT_TLS_UNTRUSTED"],
  ["another authority", "mqtts", "tls", { caFile: stranger.cert }, "MQTT_TLS_UNTRUSTED"],
  ["another authority, websocket", "wss", "wss", { caFile: stranger.cert }, "MQTT_TLS_UNTRUSTED"],
  ["a certificate that has expired", "mqtts", "expired", withCa, "MQTT_TLS_EXPIRED"],
  ["a certificate of tomorrow", "mqtts", "early", withCa, "MQTT_TLS_NOT_YET_VALID"],
  ["a certificate of another host", "mqtts", "named", withCa, "MQTT_TLS_HOST"],
  ["a certificate of another host, by address", "mqtts", "named", withCa, "MQTT_TLS_HOST", "127.0.0.1"],
  ["another name than the one given", "mqtts", "tls", { ...withCa, serverName: "other" }, "MQTT_TLS_HOST"],
  ["another name than the one given, websocket", "wss", "wss", { ...withCa, serverName: "other" }, "MQTT_TLS_HOST"],
  ["no client certificate", "mqtts", "mutual", withCa, "MQTT_TLS_CLIENT_REFUSED"],
  [
    "a client certificate of another authority",
    "mqtts",
    "mutual",
    { ...withCa, certFile: intruder.cert, keyFile: intruder.key },
    "MQTT_TLS_CLIENT_REFUSED",
  ],
  [
    "a client certificate that has expired",
    "mqtts",
    "mutual",
    { ...withCa, certFile: line7Expired.cert, keyFile: line7Expired.key },
    "MQTT_TLS_CLIENT_REFUSED",
  ],
  ["TLS to a plain port", "mqtts", "plain", withCa, "MQTT_TLS_FAILED"],
  ["TLS to a plain websocket's port", "wss", "ws", withCa, "MQTT_TLS_FAILED"],
  ["plain to a TLS port", "mqtt", "tls", {}, "MQTT_TLS_REQUIRED"],
  ["a plain websocket to a TLS port", "ws", "wss", {}, "MQTT_TLS_REQUIRED"],
  ["a websocket to a port for plain MQTT", "ws", "plain", {}, "MQTT_WEBSOCKET_REFUSED"],
] as const) {
  test(`refused: ${what}`, async () => {
    const failure = await refusal(connect(`${protocol}://${host}:${ports[kind]}`, settings));
    assert.is(failure.code, code, `${failure.code}: ${failure.message}`);
    assert.ok(failure.remedy.length > 0);
    const mqtt = mqttConfig({ url: `${protocol}://${host}:${ports[kind]}`, ...settings });
    const [check, ...more] = await brokerChecks({ agent: { id: "line-7" }, mqtt });
    assert.equal([check?.level, check?.code, check?.path, more], ["fail", code, "mqtt.url", []]);
  });
}

test("NODE_TLS_REJECT_UNAUTHORIZED=0 switches nothing off", async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  try {
    for (const url of [`mqtts://localhost:${ports.tls}`, `wss://localhost:${ports.wss}`]) {
      assert.is((await refusal(connect(url))).code, "MQTT_TLS_UNTRUSTED");
      assert.is((await refusal(connect(url, { ...withCa, serverName: "other" }))).code, "MQTT_TLS_HOST");
    }
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

test("a broker that has only TLS 1.1 is refused", async () => {
  const server = createTlsServer({
    cert: readFileSync(good.cert),
    key: readFileSync(good.key),
    ciphers: "DEFAULT@SECLEVEL=0",
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as { port: number };
    assert.is((await refusal(connect(`mqtts://localhost:${port}`, withCa))).code, "MQTT_TLS_FAILED");
  } finally {
    server.close();
  }
});

test("a port that takes the connection and says nothing is given up after the limit", async () => {
  const sockets: { destroy(): void }[] = [];
  const server = createPlainServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    for (const [url, code] of [
      [`mqtts://127.0.0.1:${port}`, "MQTT_TLS_FAILED"],
      [`wss://127.0.0.1:${port}`, "MQTT_TLS_FAILED"],
      [`ws://127.0.0.1:${port}`, "MQTT_WEBSOCKET_REFUSED"],
    ] as const) {
      const silent = openClient({
        url,
        version: 5,
        clientId: "tester",
        username: null,
        password: null,
        will: null,
        retain: true,
        keepaliveS: 15,
        connectTimeoutMs: 300,
        onReceived: () => undefined,
        onLost: () => undefined,
      });
      assert.is((await refusal(silent)).code, code, url);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

for (const [what, settings, code, at] of [
  ["an authority's file that is not there", { caFile: "/nowhere.pem" }, "MQTT_TLS_FILE_UNREADABLE", "mqtt.caFile"],
  ["an authority's file that is a key", { caFile: line7.key }, "MQTT_TLS_FILE_INVALID", "mqtt.caFile"],
  ["a certificate cut short", { certFile: "cut", keyFile: line7.key }, "MQTT_TLS_FILE_INVALID", "mqtt.certFile"],
  ["a key that is garbage", { certFile: line7.cert, keyFile: "garbage" }, "MQTT_TLS_FILE_INVALID", "mqtt.keyFile"],
  [
    "a key of another certificate",
    { certFile: line7.cert, keyFile: intruder.key },
    "MQTT_TLS_KEY_MISMATCH",
    "mqtt.keyFile",
  ],
  [
    "a password that is not there",
    { username: "u", passwordFile: "/nowhere" },
    "MQTT_PASSWORD_UNREADABLE",
    "mqtt.passwordFile",
  ],
] as const) {
  test(`files: ${what}`, async () => {
    writeFileSync(join(folder, "cut"), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    writeFileSync(join(folder, "garbage"), "\u0000garbage");
    const inFolder = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [
        key,
        value === "cut" || value === "garbage" ? join(folder, value) : value,
      ]),
    );
    const mqtt = mqttConfig({ url: `mqtts://localhost:${ports.tls}`, ...inFolder });
    try {
      await readCredentials(mqtt);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, CodedError);
      assert.equal([(error as CodedError).code, (error as CodedError).at], [code, at]);
    }
    const [check] = await brokerChecks({ agent: { id: "line-7" }, mqtt });
    assert.equal([check?.code, check?.path], [code, at]);
  });
}

test("the agent's way out: wrong files are told and tried again, renewed ones taken without a restart", async () => {
  const renewed = {
    certFile: join(folder, "line.pem"),
    keyFile: join(folder, "line.key"),
    caFile: join(folder, "ca.pem"),
  };
  const warnings: string[] = [];
  const log = { info: () => undefined, error: () => undefined, warn: (text: string) => warnings.push(text) };
  const config = configOf([], { mqtt: mqttConfig({ url: `mqtts://localhost:${ports.mutual}`, ...renewed }) });
  const heard = await subscribe(ports.plain, "retort/line-7/status");
  const outbox = await testOutbox();
  const edge = await openMqtt(config, log, outbox);
  try {
    const told = (code: string) => until(() => warnings.some((text) => text.startsWith(`${code}: `)), code, 15_000);
    await told("MQTT_TLS_FILE_UNREADABLE");
    copyFileSync(stranger.cert, renewed.caFile);
    copyFileSync(line7.cert, renewed.certFile);
    copyFileSync(intruder.key, renewed.keyFile);
    await told("MQTT_TLS_KEY_MISMATCH");
    copyFileSync(line7.key, renewed.keyFile);
    await told("MQTT_TLS_UNTRUSTED");
    assert.is(heard.heard.length, 0, "nothing got through meanwhile");
    copyFileSync(plant.cert, renewed.caFile);
    await until(() => heard.heard.length > 0, "online", 15_000);
    assert.is(heard.heard[0]!.payload.state, "online");
  } finally {
    await edge.close();
    await outbox.close();
    await heard.stop();
  }
});

test.run();
