/** Home Assistant as its documentation has it, and a whole agent, over a real broker; the agent's camera and engine are fakes. */
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import type { Config } from "../../config/types.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, homeAssistantConfig, mqttConfig, temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { type HomeAssistant, startHomeAssistant } from "../support/home-assistant.js";
import { freePort, type Mosquitto, startMosquitto, subscribe } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("Home Assistant");
const bad = 250;
const good = 10;
let broker: Mosquitto;
let agent: RunningAgent | undefined;
let home: HomeAssistant | undefined;
test.before(async () => {
  broker = await startMosquitto();
});
test.after.each(async () => {
  await agent?.stop();
  await home?.close();
  agent = undefined;
  home = undefined;
});
test.after(() => broker.stop());

interface Line {
  readonly camera: FakeCamera;
  show(...levels: readonly number[]): void;
}

async function start(config: Config, port?: number): Promise<Line> {
  const ids = config.cameras.map(({ id }) => id);
  const cameras = ids.map((id) => fakeCamera(id, null));
  const { deps } = rig(cameras, ids, {
    openPublisher: (all, log, outbox) => openMqtt(all, log, outbox, { port }),
    healthEveryMs: 200,
  });
  agent = await startAgent(config, deps);
  await agent.started;
  const [camera] = cameras;
  const show = (...levels: readonly number[]): void => {
    for (const level of levels) camera!.tell({ kind: "frame", camera: ids[0]!, frame: greyFrame(level) });
  };
  return { camera: camera!, show };
}

function lineOf(id: string, rest: Partial<Config> = {}): Config {
  return configOf([cameraConfig("cam1")], {
    agent: { id },
    mqtt: mqttConfig({ url: broker.url }),
    homeAssistant: homeAssistantConfig({ discoveryPrefix: id, birthTopic: `${id}/status`, scoreEveryS: 0.5 }),
    ...rest,
  });
}

/** The state of an entity, once it is that. */
async function shows(device: string, key: string, state: string): Promise<void> {
  const now = (): string => home!.device(device)?.entity(key).state() ?? "no device";
  await until(() => now() === state, `${key} is ${state}`, 15_000).catch((error: unknown) => {
    throw new Error(`${String(error)}, but ${now()}; ${home!.faults.join("; ")}`);
  });
}

test("a camera is a device of its own behind the agent's; a defect shows, with its picture, and pressing the button acknowledges it", async () => {
  const line = await start(lineOf("hall-1"));
  home = await startHomeAssistant(broker.port, "hall-1");
  const alerts = await subscribe(broker.port, "retort/hall-1/cam1/alert");
  await until(() => home!.devices().length === 2, "two devices", 15_000);
  assert.equal(home.devices(), ["Retort hall-1", "hall-1 cam1"]);
  const [gateway, camera] = [home.device("Retort hall-1")!, home.device("hall-1 cam1")!];
  assert.is(camera.discovered.device.via_device, gateway.discovered.device.identifiers[0]);
  await shows("Retort hall-1", "status", "online");
  await shows("Retort hall-1", "waiting", "0");
  line.show(good);
  await shows("hall-1 cam1", "defect", "OFF");
  await shows("hall-1 cam1", "acknowledge", "unavailable");
  line.show(bad, bad);
  await shows("hall-1 cam1", "defect", "ON");
  await shows("hall-1 cam1", "state", "anomalous");
  await shows("hall-1 cam1", "acknowledge", "unknown");
  const button = camera.entity("acknowledge");
  const [raised] = alerts.of("retort/hall-1/cam1/alert");
  await until(() => button.attributes().id === raised!.id, "the alert that the button stands for");
  await until(() => camera.entity("picture").image() !== null, "the picture");
  assert.equal([...camera.entity("picture").image()!.subarray(0, 3)], [0xff, 0xd8, bad]);
  await button.send("PRESS");
  await until(() => alerts.heard.length === 2, "it is acknowledged");
  const { id, phase, by } = alerts.of("retort/hall-1/cam1/alert")[1]!;
  assert.equal([id, phase, by], [raised!.id, "acknowledged", "Home Assistant"]);
  await shows("hall-1 cam1", "acknowledge", "unavailable");
  await alerts.stop();
  assert.equal(home.faults, []);
});

test("moving the number changes the threshold, and the switch stops and starts the camera", async () => {
  const line = await start(lineOf("hall-2"));
  home = await startHomeAssistant(broker.port, "hall-2");
  await until(() => home!.devices().length === 2, "two devices", 15_000);
  await shows("hall-2 cam1", "threshold", "0.5");
  line.show(100);
  await until(() => Number(home!.device("hall-2 cam1")!.entity("score").state()) > 0, "a score");
  const camera = home.device("hall-2 cam1")!;
  await camera.entity("threshold").send(0.123);
  await shows("hall-2 cam1", "threshold", "0.123");
  assert.is(agent!.cameras[0]!.threshold(), 0.123);
  await camera.entity("threshold").send(0.25);
  await shows("hall-2 cam1", "threshold", "0.25");
  await camera.entity("threshold").send(0);
  await shows("hall-2 cam1", "threshold", "0.25");
  await shows("hall-2 cam1", "enabled", "ON");
  await camera.entity("enabled").send("OFF");
  await shows("hall-2 cam1", "enabled", "OFF");
  await shows("hall-2 cam1", "state", "disabled");
  await shows("hall-2 cam1", "score", "unavailable");
  assert.not(agent!.cameras[0]!.enabled);
  await camera.entity("enabled").send("ON");
  await shows("hall-2 cam1", "enabled", "ON");
  assert.ok(agent!.cameras[0]!.enabled);
  assert.equal(home.faults, []);
});

test("an agent that is gone is unavailable, and says why; one that starts is told what was there, also of the last alert", async () => {
  const config = lineOf("hall-3");
  const line = await start(config);
  line.show(bad, bad);
  home = await startHomeAssistant(broker.port, "hall-3");
  await shows("hall-3 cam1", "acknowledge", "unknown");
  await agent!.stop();
  await shows("Retort hall-3", "status", "stopped");
  for (const key of ["defect", "state", "score", "enabled", "threshold", "acknowledge"]) {
    await shows("hall-3 cam1", key, "unavailable");
  }
  await home.close();
  home = await startHomeAssistant(broker.port, "hall-3");
  await until(() => (home!.device("hall-3 cam1")?.entity("picture").image() ?? null) !== null, "the retained picture");
  await start(config);
  await shows("hall-3 cam1", "acknowledge", "unknown");
  assert.equal(home.faults, []);
});

test("a cut cable makes everything unavailable but the agent's status, by its last will; alerts of meanwhile show when it is back", async () => {
  const cable = await startProxy(broker.port);
  const line = await start(lineOf("hall-7", { mqtt: mqttConfig({ url: cable.url }) }));
  home = await startHomeAssistant(broker.port, "hall-7");
  await shows("Retort hall-7", "status", "online");
  line.show(good);
  await shows("hall-7 cam1", "defect", "OFF");
  cable.open = false;
  cable.cut();
  await shows("Retort hall-7", "status", "offline");
  await shows("hall-7 cam1", "defect", "unavailable");
  line.show(bad, bad);
  cable.open = true;
  await shows("hall-7 cam1", "defect", "ON");
  await shows("hall-7 cam1", "acknowledge", "unknown");
  await agent!.stop();
  await cable.close();
  assert.equal(home.faults, []);
});

test("when Home Assistant starts, discovery is sent again", async () => {
  await start(lineOf("hall-4"));
  home = await startHomeAssistant(broker.port, "hall-4");
  await until(() => home!.announced("hall-4 cam1") === 1, "the first announcement");
  await home.start();
  await home.start();
  await until(() => home!.announced("hall-4 cam1") === 2, "the second", 8_000);
  assert.is(home.announced("Retort hall-4"), 2);
});

test("a camera that is gone from the configuration goes, an entity too, and all of it once it is switched off; nothing stays retained", async () => {
  const state = { path: temporaryFolder() };
  const parts = { ...cameraConfig("cam2").parts, per: "frame" } as const;
  const both = lineOf("hall-5", { state });
  await start({ ...both, cameras: [cameraConfig("cam1"), cameraConfig("cam2", { parts })] });
  home = await startHomeAssistant(broker.port, "hall-5");
  await until(() => home!.devices().length === 3, "three devices");
  assert.ok(home.device("hall-5 cam2")!.entities.includes("verdict"));
  await agent!.stop();
  await start({ ...both, cameras: [cameraConfig("cam2")] });
  await until(() => home!.devices().length === 2, "cam1 goes");
  await until(() => !home!.device("hall-5 cam2")!.entities.includes("verdict"), "verdicts go");
  assert.equal(home.devices(), ["Retort hall-5", "hall-5 cam2"]);
  await agent!.stop();
  await start(lineOf("hall-5", { state, homeAssistant: homeAssistantConfig({ enabled: false }) }));
  await until(() => home!.devices().length === 0, "all go");
  assert.equal(home.faults, []);
  const left = await subscribe(broker.port, "hall-5/#");
  const own = await subscribe(broker.port, "retort/hall-5/#");
  await until(() => own.heard.some(({ topic }) => topic.endsWith("/cam2/state")), "what is retained");
  assert.equal(left.heard, []);
  const topics = own.heard.filter(({ retained }) => retained).map(({ topic }) => topic);
  assert.not.ok(
    topics.some((topic) => /summary|picture/.test(topic)),
    topics.join(", "),
  );
  await left.stop();
  await own.stop();
});

test("parts: the last verdict and their counts, over the embedded broker, too", async () => {
  const port = await freePort();
  const parts = { ...cameraConfig("cam1").parts, per: "frame" } as const;
  const config = lineOf("hall-6", { mqtt: mqttConfig(), cameras: [cameraConfig("cam1", { parts })] });
  const line = await start(config, port);
  home = await startHomeAssistant(port, "hall-6");
  await shows("hall-6 cam1", "enabled", "ON");
  line.show(good, bad);
  await shows("hall-6 cam1", "verdict", "ng");
  line.show(good);
  await shows("hall-6 cam1", "verdict", "ok");
  await shows("hall-6 cam1", "parts-ok", "2");
  await shows("hall-6 cam1", "parts-ng", "1");
  await home.device("hall-6 cam1")!.entity("acknowledge").send("PRESS");
  await shows("hall-6 cam1", "acknowledge", "unavailable");
  assert.equal(home.faults, []);
});

test.run();
