import { setTimeout as sleep } from "node:timers/promises";
import { startAgent } from "../../agent/agent.js";
import { type Tail, tail } from "../../agent/bench/figures.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { defaultsOf } from "../../config/defaults.js";
import { schema } from "../../config/schema.js";
import { fakeCamera } from "../fakes/camera.js";
import { cameraConfig, configOf, mqttConfig } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { freePort, startMosquitto, subscribe } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

export interface OutageOptions {
  /** Each sees as many parts a second as the others. */
  readonly cameras: number;
  /** Of all cameras together. */
  readonly partsPerSecond: number;
  readonly seconds: number;
  /** The broker is stopped so many seconds after the first part; 0: it never is. */
  readonly awayAfterS: number;
  readonly awayS: number;
}

export interface OutageReport {
  readonly parts: number;
  /** Different ones that a subscriber heard. */
  readonly heard: number;
  /** First comings that were not in the order of their camera's `seq`. */
  readonly outOfOrder: number;
  /** `seq` that came with two contents. */
  readonly contradictory: number;
  /** Numbers that the outbox says it gave up. */
  readonly gaps: number;
  readonly replayed: number;
  /** From the moment at which a trigger was due to the verdict at the subscriber, of those that did not wait for the broker. */
  readonly liveMs: Tail & { readonly most: number };
  /** From the broker's return until all that waited was heard. */
  readonly caughtUpS: number;
  readonly lost: Readonly<Record<string, number>>;
}

/** Triggers parts at a steady rate through an outage of the broker; everything but the cameras is real: model, disk, Mosquitto, subscriber. */
export async function partsThroughOutage(options: OutageOptions): Promise<OutageReport> {
  const { partsPerSecond, seconds, awayAfterS, awayS } = options;
  const port = await freePort();
  let broker = await startMosquitto(port);
  const wire = await startProxy(port);
  const ids = Array.from({ length: options.cameras }, (_, n) => `cam${n + 1}`);
  const cameras = ids.map((id) => fakeCamera(id, null));
  const highest = new Map<string, number>();
  /** What came, by camera and number. */
  const heard = new Map<string, string>();
  const triggeredMs = new Map<string, number>();
  const liveMs: number[] = [];
  const counts = { outOfOrder: 0, contradictory: 0, replayed: 0 };
  const onHeard = ({ topic, payload }: { readonly topic: string; readonly payload: Record<string, unknown> }): void => {
    const camera = topic.split("/")[2]!;
    const seq = Number(payload.seq);
    const name = `${camera} ${seq}`;
    const { replayed, late, ...rest } = payload;
    const content = JSON.stringify(rest);
    const before = heard.get(name);
    heard.set(name, content);
    if (before !== undefined && before !== content) counts.contradictory += 1;
    if (before !== undefined) return;
    if (replayed === true) counts.replayed += 1;
    else liveMs.push(performance.now() - triggeredMs.get(`${camera} ${Number(payload.frame)}`)!);
    if (seq < (highest.get(camera) ?? 0)) counts.outOfOrder += 1;
    highest.set(camera, Math.max(seq, highest.get(camera) ?? 0));
  };
  const listen = () => subscribe(port, "retort/line-7/+/verdict", { qos: 1, onHeard });
  let subscriber = await listen();
  const { parts } = cameraConfig("cam1");
  const config = configOf(
    ids.map((id) => cameraConfig(id, { parts: { ...parts, per: "frame", deadlineMs: 200 } })),
    {
      mqtt: mqttConfig({ url: wire.url }),
      models: { plate: { path: await writeTinyBundle() } },
      // The product's own room: what an outage of ten minutes leaves waiting is more than tests usually allow.
      outbox: defaultsOf(schema.keys.outbox),
    },
  );
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  let [lost, gaps]: [Readonly<Record<string, number>>, number] = [{}, 0];
  const agent = await startAgent(config, {
    watchCamera: (camera) => cameras[ids.indexOf(camera.camera.id)]!.watch(camera),
    openPublisher: async (...args) => {
      const [, , outbox] = args;
      const sink = await openMqtt(...args);
      const close = async (): Promise<void> => {
        await sink.close();
        const health = outbox.health();
        [lost, gaps] = [health.lost, health.gaps.length];
      };
      return { ...sink, close };
    },
    log: silent,
  });
  await agent.started;
  const total = partsPerSecond * seconds;
  const beganMs = performance.now();
  let backMs = beganMs;
  const outage = async (): Promise<void> => {
    if (awayAfterS === 0) return;
    await sleep(awayAfterS * 1_000);
    wire.open = false;
    await broker.stop();
    // What the broker took is the subscriber's to hear.
    await sleep(awayS * 1_000);
    await subscriber.stop();
    wire.cut();
    broker = await startMosquitto(port);
    subscriber = await listen();
    wire.open = true;
    backMs = performance.now();
  };
  const away = outage();
  for (let n = 0; n < total; n += 1) {
    const dueMs = beganMs + (n * 1_000) / partsPerSecond;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    const index = n % ids.length;
    const number = Math.floor(n / ids.length) + 1;
    // Not when it is told: the agent's thread, which tells it, would hide its own delays.
    triggeredMs.set(`${ids[index]} ${number}`, dueMs);
    const at = { camera: ids[index]!, number, availableAtMs: performance.now(), capturedAtMs: Date.now() };
    cameras[index]!.tell({
      kind: "frame",
      camera: ids[index]!,
      frame: greyFrame(n % 7 === 0 ? 250 : 10, undefined, at),
    });
  }
  await away;
  await until(() => heard.size >= total, `all ${total} verdicts, and not ${heard.size}`, 60_000).catch(
    (error: unknown) => {
      if (!(error instanceof Error) || !error.message.startsWith("never")) throw error;
    },
  );
  const caughtUpS = Math.max(0, performance.now() - Math.max(backMs, beganMs + seconds * 1_000)) / 1_000;
  await agent.stop();
  await wire.close();
  await subscriber.stop();
  await broker.stop();
  const most = liveMs.reduce((worst, ms) => Math.max(worst, ms), 0);
  return {
    parts: total,
    heard: heard.size,
    ...counts,
    gaps,
    liveMs: { ...tail(liveMs), most: Math.round(most * 1_000) / 1_000 },
    caughtUpS: Math.round(caughtUpS * 100) / 100,
    lost,
  };
}
