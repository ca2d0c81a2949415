import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { cameraConfig, configOf, mqttConfig } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { type Mosquitto, type Subscriber, startMosquitto, subscribe } from "../support/mosquitto.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** The whole line but its cameras: ONNX Runtime in its thread, a real Mosquitto, mosquitto_sub listening. */
const test = suite("whole line over Mosquitto");
let broker: Mosquitto;
let subscriber: Subscriber | undefined;
let agent: RunningAgent | undefined;
test.before(async () => {
  broker = await startMosquitto();
});
test.after(async () => {
  await broker.stop();
});
test.after.each(async () => {
  await agent?.stop();
  await subscriber?.stop();
});

const warnings: string[] = [];
const quiet = { info: () => undefined, warn: (text: string) => void warnings.push(text), error: () => undefined };
let agents = 0;

async function startLine(cameras: Record<string, FakeCamera>): Promise<string> {
  const id = `line-${(agents += 1)}`;
  const config = configOf(
    Object.keys(cameras).map((camera) => cameraConfig(camera)),
    {
      agent: { id },
      mqtt: mqttConfig({ url: broker.url }),
      models: { plate: { path: await writeTinyBundle() } },
    },
  );
  subscriber = await subscribe(broker.port, `retort/${id}/#`);
  agent = await startAgent(config, {
    watchCamera: (options) => cameras[options.camera.id]!.watch(options),
    openPublisher: openMqtt,
    log: quiet,
    healthEveryMs: 200,
  });
  await agent.started;
  return `retort/${id}`;
}

test("scores, an alert's life, states and health reach an independent subscriber as the contract says", async () => {
  const levels = [10, 10, 250, 250, 250, 10, 10, 10];
  const T = await startLine({ cam1: fakeCamera("cam1", levels) });
  const sub = subscriber!;
  await until(() => sub.of(`${T}/cam1/score`).length === 8 && sub.of(`${T}/cam1/alert`).length === 2, "scores, alerts");
  const bad = levels.map((level) => level > 128);
  assert.equal(
    sub.of(`${T}/cam1/score`).map(({ anomalous }) => anomalous),
    bad,
  );
  assert.equal(
    sub.of(`${T}/cam1/alert`).map(({ phase, seq }) => [phase, seq]),
    [
      ["raised", 1],
      ["cleared", 2],
    ],
  );
  assert.is(sub.heard.find(({ topic }) => topic.endsWith("/alert"))!.qos, 1);
  await until(() => sub.of(`${T}/health`).some(({ cameras }) => scoredIn(cameras) === 8), "health that knows of all");
  assert.is(sub.of(`${T}/status`)[0]!.state, "online");
  await agent!.stop();
  await until(() => sub.of(`${T}/status`).at(-1)!.state === "stopped", "a clean goodbye");

  const late = await subscribe(broker.port, `${T}/#`);
  await until(() => late.of(`${T}/cam1/state`).length === 1 && late.of(`${T}/status`).length === 1, "what is retained");
  assert.is(late.of(`${T}/cam1/state`)[0]!.state, "ok");
  assert.ok(late.heard.every(({ retained }) => retained));
  await late.stop();
});

test("two cameras through one engine keep their scores apart", async () => {
  const count = 200;
  const cam1 = fakeCamera(
    "cam1",
    Array.from({ length: count }, () => 10),
  );
  const cam2 = fakeCamera(
    "cam2",
    Array.from({ length: count }, () => 100),
  );
  const T = await startLine({ cam1, cam2 });
  const scores = (camera: string) => subscriber!.of(`${T}/${camera}/score`);
  await until(() => scores("cam1").length === count && scores("cam2").length === count, "all scores");
  assert.ok(scores("cam1").every(({ score }) => Math.abs(Number(score) - 10 / 255) < 1e-6));
  assert.ok(scores("cam2").every(({ score }) => Math.abs(Number(score) - 100 / 255) < 1e-6));
  assert.equal(
    scores("cam1").map(({ frame }) => frame),
    Array.from({ length: count }, (_, index) => index + 1),
  );
});

test("mosquitto_pub tells the part, retained or not; what cannot be used changes nothing", async () => {
  const topic = `retort/line-${agents + 1}/cam1/context`;
  await publish(["-r", "-t", topic, "-m", '{"part":"p1","lot":7,"shift":{"name":"late"}}']);
  const cam1 = fakeCamera("cam1", null);
  const T = await startLine({ cam1 });
  const sub = subscriber!;
  const seen = async (level: number): Promise<unknown> => {
    const before = sub.of(`${T}/cam1/score`).length;
    cam1.tell({
      kind: "frame",
      camera: "cam1",
      frame: greyFrame(level, undefined, { availableAtMs: performance.now() }),
    });
    await until(() => sub.of(`${T}/cam1/score`).length > before, "the score");
    return sub.of(`${T}/cam1/score`).at(-1)!.context;
  };
  const first = { part: "p1", lot: 7, shift: { name: "late" } };
  await until(() => sub.of(`${T}/status`).length === 1, "the agent online");
  await eventually(() => seen(10), first);
  assert.equal([await seen(250), await seen(250)], [first, first]);
  await until(() => sub.of(`${T}/cam1/alert`).length === 1, "the alert");
  assert.equal(sub.of(`${T}/cam1/alert`)[0]!.context, first);

  await publish(["-t", topic, "-m", JSON.stringify({ part: "x".repeat(5_000) })]);
  await publish(["-t", topic, "-m", '{"part":["a","list"]}']);
  await publish(["-t", topic, "-m", "nonsense"]);
  await publish(["-t", `${T}/cam9/context`, "-m", '{"part":"p9"}']);
  await until(() => warnings.some((line) => line.startsWith("CONTEXT_CAMERA_UNKNOWN")), "the unknown camera's warning");
  assert.equal(
    warnings.map((line) => line.split(":", 1)[0]),
    ["PAYLOAD_TOO_LARGE", "CONTEXT_INVALID", "PAYLOAD_INVALID", "CONTEXT_CAMERA_UNKNOWN"],
  );
  assert.equal(await seen(10), first);
  await publish(["-t", topic, "-m", '{"part":"p2"}']);
  await eventually(() => seen(10), { part: "p2" });
  await publish(["-r", "-n", "-t", topic]);
  await eventually(() => seen(10), null);
});

test("commands by mosquitto_pub: one reply to each, done once however often it comes", async () => {
  const cam1 = fakeCamera("cam1", null);
  const T = await startLine({ cam1 });
  const sub = subscriber!;
  await until(() => sub.of(`${T}/status`).length === 1, "the agent online");
  const send = (command: string, payload: object, ...rest: string[]) =>
    publish([...rest, "-t", `${T}/cmd/${command}`, "-m", JSON.stringify(payload)]);
  const replies = (command: string) => sub.of(`${T}/reply/${command}`);
  // Whether the agent has subscribed nobody tells; a command that is heard is replied to.
  await eventually(async () => {
    await send("status", { id: "s" });
    return replies("status").length > 0;
  }, true);
  assert.ok(replies("status").every(({ id, ok }) => id === "s" && ok === true));

  await send("disable", { id: "d1", camera: "cam1" });
  await send("disable", { id: "d1", camera: "cam1" });
  await until(() => replies("disable").length === 2, "two replies");
  assert.equal(replies("disable")[0], replies("disable")[1]);
  const disabled = () => sub.of(`${T}/cam1/state`).filter(({ state }) => state === "disabled").length;
  await until(() => disabled() > 0, "the state, which may come after the replies");

  await send("enable", { id: "e1", camera: "cam9" });
  await send("enable", { id: "e2" });
  await send("reboot", { id: "r1" });
  await send("enable", { id: "e3", camera: "cam1" });
  await until(() => replies("enable").length === 3 && replies("reboot").length === 1, "four replies");
  const codes = [...replies("enable"), ...replies("reboot")].map(({ id, ok, error }) => [
    id,
    ok ? "ok" : (error as { code: string }).code,
  ]);
  assert.equal(codes.sort(), [
    ["e1", "CAMERA_UNKNOWN"],
    ["e2", "COMMAND_INVALID"],
    ["e3", "ok"],
    ["r1", "COMMAND_UNKNOWN"],
  ]);
  assert.is(disabled(), 1);
  assert.equal(
    sub.heard.filter(({ topic }) => topic.includes("/reply/")).flatMap(({ payload }) => schemaFaults("reply", payload)),
    [],
  );
});

async function publish(rest: readonly string[]): Promise<void> {
  const args = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1", ...rest];
  await promisify(execFile)("mosquitto_pub", args);
}

/** Nobody tells when the agent has heard: it is asked until it has. */
async function eventually(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  const limit = performance.now() + 5_000;
  for (;;) {
    const found = await ask();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (performance.now() > limit) assert.equal(found, expected);
  }
}

function scoredIn(cameras: unknown): number {
  return (cameras as { cam1: { scored: number } }).cam1.scored;
}

test.run();
