import { join } from "node:path";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { PictureVerdict } from "../../agent/contract/picture-verdict.js";
import { httpOpener } from "../../agent/http/opener.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { cameraConfig, configOf, mqttConfig, temporaryFolder } from "../support/config.js";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { pngOf } from "../support/png.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** HTTP on a whole agent: its own store, a real Mosquitto, ONNX Runtime in its thread; only the camera is a fake. */
const test = suite("HTTP on a running agent");
const state = join(temporaryFolder(), "state");
let broker: Mosquitto | undefined;
let agent: RunningAgent | undefined;
let url = "";
test.after(async () => {
  await agent?.stop();
  await broker?.stop();
});

async function start(camera: FakeCamera): Promise<void> {
  const config = configOf([cameraConfig("cam1")], {
    mqtt: mqttConfig({ url: broker!.url }),
    models: { plate: { path: await writeTinyBundle() } },
    state: { path: state },
  });
  const lines: string[] = [];
  const log = { info: (text: string) => lines.push(text), warn: () => undefined, error: () => undefined };
  agent = await startAgent(config, {
    watchCamera: (options) => camera.watch(options),
    openPublisher: openMqtt,
    openHttp: await httpOpener(config),
    log,
  });
  await until(() => lines.some((line) => line.startsWith("live view: ")), "the address is told");
  url = /^live view: (\S+)$/.exec(lines.find((line) => line.startsWith("live view: "))!)![1]!;
}

const get = (path: string) => fetch(new URL(path, url));

async function untilReady(expected: readonly string[]): Promise<void> {
  let last: readonly string[] = ["never asked"];
  const limitMs = performance.now() + 10_000;
  while (performance.now() < limitMs) {
    const response = await get("/readyz");
    const { reasons } = (await response.json()) as { reasons: { code: string }[] };
    last = reasons.map(({ code }) => code);
    assert.is(response.status, last.length === 0 ? 200 : 503);
    if (last.join() === expected.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(last, expected);
}

interface Alerts {
  readonly alerts: readonly {
    readonly id: string;
    readonly phase: string;
    readonly stepCount: number;
    readonly seq: number;
  }[];
}
const alerts = async (): Promise<Alerts["alerts"]> => ((await (await get("/api/alerts")).json()) as Alerts).alerts;

test("ready with camera and broker; not without the one or the other; alive all the while", async () => {
  broker = await startMosquitto();
  const camera = fakeCamera("cam1", [10, 10, 250, 250, 250, 10, 10]);
  await start(camera);
  await untilReady([]);
  const condition = (kind: "no-signal" | "delivering") =>
    camera.tell({ kind: "condition", camera: "cam1", condition: kind, reason: null });
  condition("no-signal");
  await untilReady(["CAMERA_NOT_DELIVERING"]);
  condition("delivering");
  await untilReady([]);
  await broker.stop();
  await untilReady(["BROKER_AWAY"]);
  assert.is((await get("/healthz")).status, 200);
});

test("a picture that is posted is judged as the camera's, and is no frame of it", async () => {
  const captured = agent!.cameras[0]!.ledger.counts().captured;
  for (const [level, verdict] of [
    [250, "ng"],
    [10, "ok"],
  ] as const) {
    const body = new Uint8Array(pngOf(new Uint8Array(3 * 32 * 32).fill(level), { width: 32, height: 32 }));
    const response = await fetch(new URL("/api/inspect/cam1", url), {
      method: "POST",
      body,
      headers: { "content-type": "image/png" },
    });
    assert.is(((await response.json()) as PictureVerdict).verdict, verdict);
  }
  assert.is(agent!.cameras[0]!.ledger.counts().captured, captured);
});

test("an alert is in the history with its picture, also after a restart", async () => {
  let told = await alerts();
  while (told[0]?.phase !== "cleared") told = await alerts();
  assert.equal([told.length, told[0]!.stepCount], [1, 2]);
  const picture = async () => {
    const response = await get(`/api/alerts/${told[0]!.id}/evidence.jpg`);
    return [response.status, [...new Uint8Array(await response.arrayBuffer())].slice(0, 3)] as const;
  };
  const jpeg = [200, [0xff, 0xd8, 0xff]] as const;
  for (let tries = 0; (await picture())[0] !== 200; tries += 1) {
    assert.ok(tries < 500, "the picture");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await agent!.stop();
  broker = await startMosquitto();
  await start(fakeCamera("cam1", []));
  assert.equal(await alerts(), told);
  assert.equal(await picture(), jpeg);
});

test("a stop is not held up by those who look on", async () => {
  const stream = await get("/stream/cam1");
  assert.is(stream.status, 200);
  const startedAtMs = performance.now();
  await agent!.stop();
  assert.ok(performance.now() - startedAtMs < 5_000);
  assert.is(
    await get("/healthz").then(
      () => "answers",
      () => "gone",
    ),
    "gone",
  );
  await stream.body?.cancel().catch(() => undefined);
});

test.run();
