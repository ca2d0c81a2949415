import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { AlertPayload } from "../../agent/contract/payloads.js";
import { openEvidence } from "../../agent/evidence/evidence.js";
import type { EvidenceMaker } from "../../agent/evidence/maker.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import type { Config } from "../../config/types.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import { fakeCamera } from "../fakes/camera.js";
import { cameraConfig, configOf, mqttConfig, temporaryFolder } from "../support/config.js";
import { type Mosquitto, type Subscriber, startMosquitto, subscribe } from "../support/mosquitto.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** From the frame to the JPEG at an independent subscriber: engine, evidence thread, outbox on disk and Mosquitto are real. */
const test = suite("evidence over Mosquitto");
let broker: Mosquitto;
let subscriber: Subscriber;
let agent: RunningAgent;
test.before(async () => {
  broker = await startMosquitto();
});
test.after(async () => {
  await broker.stop();
});
test.after.each(async () => {
  await agent.stop();
  await subscriber.stop();
});

const lines: string[] = [];
const log = {
  info: () => undefined,
  warn: (text: string) => lines.push(text),
  error: (text: string) => lines.push(text),
};
const T = "retort/line-7";

async function start(levels: readonly number[], maker?: EvidenceMaker): Promise<Config> {
  const models = { plate: { path: await writeTinyBundle() } };
  const config = configOf([cameraConfig("cam1")], { mqtt: mqttConfig({ url: broker.url }), models });
  subscriber = await subscribe(broker.port, `${T}/#`);
  lines.length = 0;
  agent = await startAgent(config, {
    watchCamera: (options) => fakeCamera("cam1", levels).watch(options),
    openPublisher: openMqtt,
    openEvidence: (options) => openEvidence(maker === undefined ? options : { ...options, openMaker: () => maker }),
    log,
    healthEveryMs: 100,
  });
  await agent.started;
  return config;
}

const alerts = () => subscriber.of(`${T}/cam1/alert`) as unknown as AlertPayload[];

test("an alert announces its picture, and the picture follows: whole, as announced, in the camera's proportions", async () => {
  const config = await start([10, 20, 250, 240, 10, 10]);
  await until(() => alerts().length === 2 && subscriber.heard.some(({ topic }) => /evidence/.test(topic)), "all of it");
  const [raised, cleared] = alerts() as [AlertPayload, AlertPayload];
  assert.equal([raised.phase, raised.seq, cleared.phase, cleared.seq], ["raised", 1, "cleared", 2]);
  assert.equal(schemaFaults("alert", raised), []);
  assert.is(cleared.evidence, null);
  const topic = `${T}/cam1/evidence/${raised.id}`;
  const pictures = subscriber.heard.filter((each) => each.topic === topic);
  assert.is(pictures.length, 1);
  const { bytes, qos, retained } = pictures[0]!;
  assert.equal([qos, retained], [1, false]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  assert.equal(raised.evidence, { topic, sha256, bytes: bytes.length });
  const order = subscriber.heard.map((each) => each.topic);
  assert.ok(order.indexOf(`${T}/cam1/alert`) < order.indexOf(topic), "after its alert");

  const file = join(temporaryFolder(), "picture.jpg");
  await writeFile(file, bytes);
  assert.equal(await imageSize(file), { width: 512, height: 512 });
  await until(() => (subscriber.of(`${T}/health`).at(-1)?.evidence as Health)?.stored.items === 2, "it in health");
  assert.equal(await readFile(join(config.state.path, "evidence", `${raised.id}.jpg`)), bytes);
  const raw = join(config.state.path, "frames", "cam1", raised.id);
  const levels = ["before-2", "before-1", "raised"].map((name) => readRgb(join(raw, `${name}.webp`), size));
  assert.equal(
    (await Promise.all(levels)).map((pixels) => pixels[0]),
    [20, 250, 240],
  );
});

test("a picture that is not made in time does not hold its alert up, nor those behind it out of order", async () => {
  const hanging: EvidenceMaker = {
    make: () =>
      new Promise((resolve) =>
        setTimeout(() => resolve({ kind: "failed", reason: "timeout", message: "too slow" }), 100),
      ),
    close: async () => undefined,
  };
  await start([250, 250, 10, 10], hanging);
  await until(() => alerts().length === 2, "the alerts");
  assert.equal(
    alerts().map(({ phase, seq, evidence }) => [phase, seq, evidence]),
    [
      ["raised", 1, null],
      ["cleared", 2, null],
    ],
  );
  await until(() => (subscriber.of(`${T}/health`).at(-1)?.evidence as Health)?.failed.timeout === 1, "it in health");
  assert.is(lines.length, 1);
});

test("an agent that stops while a picture is being drawn still sends the alert", async () => {
  let closed: () => void = () => undefined;
  const slow: EvidenceMaker = {
    make: () =>
      new Promise((resolve) => {
        closed = () => resolve({ kind: "failed", reason: "stopped", message: "stopping" });
      }),
    close: async () => closed(),
  };
  await start([250, 250], slow);
  await until(() => agent.cameras[0]!.ledger.counts().scored === 2, "the frames judged");
  await agent.stop();
  await until(() => alerts().length === 2, "raised, and cleared as the camera stopped");
  assert.equal(
    alerts().map(({ phase }) => phase),
    ["raised", "cleared"],
  );
});

interface Health {
  readonly stored: { readonly items: number };
  readonly failed: { readonly timeout?: number };
}

const size = { width: 16, height: 16 };

test.run();
