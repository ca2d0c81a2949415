import { execFile, execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { openEmbeddedBroker } from "../../agent/mqtt/embedded-broker.js";
import { openPublisher, type Publisher, type PublisherOptions } from "../../agent/mqtt/publisher.js";
import type { Message } from "../../agent/types.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto, subscribe } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("mqtt publisher");
const closing: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function publisher(url: string, rest: Partial<PublisherOptions> = {}): Publisher {
  const opened = openPublisher({
    url,
    prefix: "retort",
    agentId: "line-7",
    version: "0.1.0",
    random: () => 0,
    ...rest,
  });
  closing.push(() => opened.close());
  return opened;
}

async function mosquitto(port?: number, settings?: string[]): Promise<Mosquitto> {
  const broker = await startMosquitto(port, settings);
  closing.push(() => broker.stop());
  return broker;
}

async function embedded(): Promise<{ url: string; port: number }> {
  const broker = await openEmbeddedBroker({ ports: [0] });
  closing.push(() => broker.close());
  return broker;
}

async function subscriber(port: number, topic = "retort/#") {
  const heard = await subscribe(port, topic);
  closing.push(() => heard.stop());
  return heard;
}

function alert(seq: number): Message {
  return { topic: "cam1/alert", payload: { v: 1, seq }, qos: 1, retain: false };
}

const states = (payloads: readonly Record<string, unknown>[]) => payloads.map(({ state }) => state);

for (const [name, start, version] of [
  ["Mosquitto", mosquitto, "5"],
  ["the embedded broker", embedded, "3.1.1"],
] as const) {
  test(`${name}: online, messages in order, stopped`, async () => {
    const { url, port } = await start();
    const heard = await subscriber(port);
    const sent = publisher(url);
    const acknowledged = [1, 2, 3, 4, 5].map((seq) => sent.publish(alert(seq)));
    await Promise.all(acknowledged);
    assert.is(sent.protocol(), version);
    await sent.close();
    await until(() => heard.of("retort/line-7/status").length === 2, "stopped");
    const status = heard.of("retort/line-7/status");
    assert.equal(states(status), ["online", "stopped"]);
    assert.equal(
      status.flatMap((payload) => schemaFaults("status", payload)),
      [],
    );
    assert.equal(
      heard.of("retort/line-7/cam1/alert").map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    );
    const late = await subscriber(port, "retort/line-7/status");
    await until(() => late.heard.length === 1, "the retained status");
    assert.is(late.heard[0]!.retained, true);
    assert.is(late.heard[0]!.payload.state, "stopped");
    const { connected, waiting, lost, trouble } = sent.health();
    assert.equal({ connected, waiting, lost, trouble }, { connected: false, waiting: 0, lost: {}, trouble: null });
  });

  test(`${name}: a cut cable is told by the will, and mended without a loss`, async () => {
    const { port } = await start();
    const proxy = await startProxy(port);
    closing.push(() => proxy.close());
    const heard = await subscriber(port);
    const sent = publisher(proxy.url);
    await sent.publish(alert(1));
    proxy.open = false;
    proxy.cut();
    await until(() => states(heard.of("retort/line-7/status")).includes("offline"), "the will");
    const waiting = [2, 3, 4].map((seq) => sent.publish(alert(seq)));
    assert.is(sent.health().waiting, 3);
    proxy.open = true;
    await Promise.all(waiting);
    await until(() => heard.of("retort/line-7/cam1/alert").length >= 4, "the alerts that waited");
    assert.equal(
      heard.of("retort/line-7/cam1/alert").map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
    assert.equal(states(heard.of("retort/line-7/status")), ["online", "offline", "online"]);
  });
}

test("a broker that hangs up at an MQTT 5 CONNECT is spoken to in 3.1.1", async () => {
  const { port } = await embedded();
  // The protocol level follows the name: MQTT 3.1.1 and 5, 3.1.2.2.
  const proxy = await startProxy(port, (first) => first[first.indexOf("MQTT") + 4] === 4);
  closing.push(() => proxy.close());
  const sent = publisher(proxy.url);
  const startMs = performance.now();
  await sent.publish(alert(1));
  assert.is(sent.protocol(), "3.1.1");
  assert.ok(performance.now() - startMs < 1_000, "without a pause");
});

test("a broker that is started again gets everything that waited, and the newest of what is retained", async () => {
  const port = await freePort();
  const first = await startMosquitto(port);
  const sent = publisher(first.url);
  await sent.publish(alert(1));
  await first.stop();
  await until(() => sent.protocol() === null, "the loss is noticed");
  const retained = (topic: string, n: number): Message => ({ topic, payload: { v: 1, n }, qos: 1, retain: true });
  const waiting = Array.from({ length: 30 }, (_, n) => sent.publish(retained(`cam${n}/state`, n)));
  waiting.push(sent.publish(retained("cam0/state", 100)));
  await mosquitto(port);
  await Promise.all(waiting);
  const heard = await subscriber(port, "retort/line-7/+/state");
  await until(() => heard.heard.length === 30, "all that is retained");
  assert.is(heard.of("retort/line-7/cam0/state")[0]!.n, 100);
  assert.equal([sent.health().waiting, sent.health().lost], [0, { superseded: 1 }]);
});

test("without a broker: measurements are counted as lost, room is bounded", async () => {
  const sent = publisher(`mqtt://127.0.0.1:${await freePort()}`, { capacity: 3 });
  await sent.publish({ topic: "cam1/score", payload: {}, qos: 0, retain: false });
  for (let n = 1; n <= 5; n += 1) void sent.publish({ topic: `reply/${n}`, payload: {}, qos: 1, retain: false });
  const { waiting, lost } = sent.health();
  assert.equal({ waiting, lost }, { waiting: 3, lost: { offline: 1, overflow: 2 } });
  await sent.close();
  assert.equal(sent.health().lost, { offline: 1, overflow: 2, stopped: 3 });
});

test("a user that the broker does not know: the trouble says so; with the password it works", async () => {
  const passwords = join(temporaryFolder(), "passwords");
  execFileSync("mosquitto_passwd", ["-b", "-c", passwords, "line", "right"], { stdio: "ignore" });
  const { url } = await mosquitto(undefined, ["allow_anonymous false", `password_file ${passwords}`]);
  const wrong = publisher(url, { username: "line", password: "wrong" });
  const codes: string[] = [];
  wrong.trouble$.subscribe(({ code }) => codes.push(code));
  await until(() => codes.length > 0, "the refusal");
  assert.is(codes[0], "MQTT_NOT_AUTHORIZED");
  await publisher(url, { agentId: "line-8", username: "line", password: "right" }).publish(alert(1));
});

test("commands: one reply each, to the response topic on MQTT 5; retained and malformed ones are refused", async () => {
  const { url, port } = await mosquitto();
  const sent = publisher(url);
  const heard = await subscriber(port, "retort/line-7/reply/+");
  await sent.publish(alert(1));
  await until(() => sent.protocol() !== null, "the connection");
  const send = (topic: string, payload: string, ...more: string[]) =>
    spawnSync("mosquitto_pub", ["-p", String(port), "-q", "1", "-t", `retort/line-7/${topic}`, "-m", payload, ...more]);
  send("cmd/snapshot", '{"id":"1"}');
  await until(() => heard.heard.length === 1, "the reply");
  const asked: (string | null)[] = [];
  sent.command$.subscribe(({ command, args, by, fault, reply }) => {
    asked.push(by);
    reply(
      fault === null
        ? { ok: true, result: { command, args } }
        : { ok: false, code: fault.code, message: fault.message },
    );
  });
  send("cmd/status", '{"id":"2","a":3}');
  send("cmd/status", '{"id":"3"}', "-r");
  send("cmd/status", "nonsense");
  send("cmd/status", "{}");
  await until(() => heard.heard.length === 5, "four more replies");
  const replies = heard.heard.map(({ payload }) => payload);
  assert.equal(
    replies.flatMap((payload) => schemaFaults("reply", payload)),
    [],
  );
  const codes = replies.map(({ id, error, result }) => [id, result ?? (error as { code: string }).code]);
  assert.equal(codes, [
    ["1", "COMMAND_UNKNOWN"],
    ["2", { command: "status", args: { id: "2", a: 3 } }],
    ["3", "COMMAND_RETAINED"],
    [null, "PAYLOAD_INVALID"],
    [null, "COMMAND_ID_MISSING"],
  ]);
  const args = ["-p", String(port), "-t", "retort/line-7/cmd/status", "-e", "asker/7", "-m", '{"id":"4"}', "-W", "5"];
  // Not in this thread's way: the agent that replies is in it.
  const { stdout } = await promisify(execFile)("mosquitto_rr", args);
  assert.is((JSON.parse(stdout) as { id: string }).id, "4");
  assert.is(heard.heard.length, 5);
  send("cmd/status", '{"id":"5"}', "-V", "mqttv5", "-D", "publish", "user-property", "by", "kim");
  await until(() => asked.length === 6, "a command whose sender says who asks");
  assert.equal(asked, [null, null, null, null, null, "kim"]);
  await until(() => heard.heard.length === 6, "its reply");
  await sent.close();
  publisher(url);
  await until(() => heard.heard.length === 7, "the refusal of what was retained");
  assert.is((heard.heard[6]!.payload.error as { code: string }).code, "COMMAND_RETAINED");
});

test("the context of a line reaches the agent, from its own topics only", async () => {
  const { url, port } = await mosquitto();
  const sent = publisher(url);
  const contexts: unknown[] = [];
  sent.context$.subscribe((context) => contexts.push(context));
  await sent.publish(alert(1));
  await until(() => sent.protocol() !== null, "the connection");
  for (const topic of ["retort/line-8/cam1/context", "retort/line-7/cam1/context"]) {
    spawnSync("mosquitto_pub", ["-p", String(port), "-q", "1", "-t", topic, "-m", '{"part":"p"}']);
  }
  await until(() => contexts.length > 0, "the context");
  assert.equal(contexts, [{ camera: "cam1", context: { part: "p" } }]);
});

test.run();
