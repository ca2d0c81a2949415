/** The subscriber's thread: of its own, so that its work does not hold up the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { ScorePayload } from "../contract/payloads.js";
import { openClient } from "../mqtt/mqtt-client.js";
import type { ListenerSetup, Tally } from "./listener.js";

const { url, topic } = workerData as ListenerSetup;
const port = parentPort!;
let latencyMs: number[] = [];
let outsideMs: number[] = [];
let firstAtMs = 0;
let lastAtMs = 0;

const client = await openClient({
  url,
  version: 4,
  clientId: "retort-bench-listener",
  username: null,
  password: null,
  will: { topic: "retort-bench/listener", payload: "", qos: 0, retain: false },
  retain: true,
  keepaliveS: 60,
  connectTimeoutMs: 5_000,
  onReceived: ({ payload }) => {
    const now = performance.timeOrigin + performance.now();
    if (latencyMs.length === 0) firstAtMs = now;
    lastAtMs = now;
    const score = JSON.parse(payload.toString()) as ScorePayload;
    const total = now - Date.parse(score.ts);
    latencyMs.push(total);
    outsideMs.push(total - score.latencyMs.inference);
  },
  onLost: ({ reason }) => {
    throw new Error(reason);
  },
});
await client.subscribe(topic);

port.on("message", (request: "take" | "stop") => {
  if (request === "stop") {
    port.close();
    void client.close();
    return;
  }
  const tally: Tally = { latencyMs, outsideMs, spanMs: lastAtMs - firstAtMs };
  latencyMs = [];
  outsideMs = [];
  port.postMessage(tally);
});
port.postMessage("ready");
