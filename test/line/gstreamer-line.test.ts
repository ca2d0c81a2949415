import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { imageSize } from "../../models/pictures/images.js";
import { temporaryFolder } from "../support/config.js";
import { type Mosquitto, type Subscriber, startMosquitto, subscribe } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** `retort run` in a process of its own, GStreamer to Mosquitto, nothing faked. */
const test = suite("retort run, GStreamer to Mosquitto");
const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));
let broker: Mosquitto;
let subscriber: Subscriber;
let stateFolder = "";
let stop: (() => Promise<void>) | undefined;
test.before(async () => {
  broker = await startMosquitto();
});
test.after(async () => {
  await broker.stop();
});
test.after.each(async () => {
  await stop?.();
  await subscriber.stop();
});

interface Stopped {
  readonly status: number | null;
  readonly tookMs: number;
}

async function run(launches: Record<string, string>): Promise<() => Promise<Stopped>> {
  const folder = temporaryFolder();
  stateFolder = join(folder, "state");
  const file = join(folder, "retort.yaml");
  const cameras = Object.entries(launches).map(([id, launch]) => ({
    id,
    model: "plate",
    source: { type: "gstreamer", launch, live: true },
    fps: 20,
    // Test patterns are no view of a part.
    health: { enabled: false },
  }));
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker.url },
    models: { plate: { path: await writeTinyBundle() } },
    cameras,
    state: { path: stateFolder },
  };
  await writeFile(file, stringify(config));
  subscriber = await subscribe(broker.port, "retort/line-7/#");
  const agent = spawn(process.execPath, [main, "run", "--config", file], { stdio: "ignore" });
  const exit = once(agent, "exit");
  const terminate = async (): Promise<Stopped> => {
    const startedAtMs = performance.now();
    agent.kill("SIGTERM");
    const [status] = (await exit) as [number | null];
    return { status, tookMs: performance.now() - startedAtMs };
  };
  stop = async () => {
    if (agent.exitCode === null && agent.signalCode === null) await terminate();
  };
  return terminate;
}

const source = (pattern: string) =>
  `videotestsrc is-live=true pattern=${pattern} ! video/x-raw,width=320,height=240,framerate=20/1`;
const topic = (name: string) => subscriber.of(`retort/line-7/${name}`);

test("white pictures raise an alert, its regions and its raw frame in the camera's own pixels, black ones none", async () => {
  const terminate = await run({ good: source("black"), bad: source("white") });
  await until(() => topic("bad/alert").length > 0 && topic("good/score").length > 10, "alert and scores", 30_000);
  const [raised] = topic("bad/alert");
  assert.is(raised!.phase, "raised");
  assert.is(raised!.seq, 1);
  const [region] = raised!.regions as { x: number; y: number; width: number; height: number }[];
  assert.equal([region!.x, region!.y, region!.width, region!.height], [0, 0, 320, 240]);
  assert.is(topic("good/alert").length, 0);
  const frames = join(stateFolder, "frames", "bad", String(raised!.id), "raised.webp");
  await until(() => existsSync(frames), "the raw frame");
  assert.equal(await imageSize(frames), { width: 320, height: 240 });
  await until(() => topic("bad/state").at(-1)?.state === "anomalous", "the state");
  assert.is(topic("good/state").at(-1)!.state, "ok");
  assert.is((await terminate()).status, 0);
  await until(() => topic("status").at(-1)?.state === "stopped", "the goodbye");
});

test("a camera that never delivers holds up neither the other nor the stop", async () => {
  const terminate = await run({ dead: `${source("white")} ! valve drop=true`, good: source("black") });
  await until(() => topic("good/score").length > 20, "the other's scores", 30_000);
  assert.is(topic("dead/score").length, 0);
  const { status, tookMs } = await terminate();
  assert.is(status, 0);
  assert.ok(tookMs < 5_000, `${tookMs} ms`);
  assert.is(topic("status").at(-1)!.state, "stopped");
});

test.run();
