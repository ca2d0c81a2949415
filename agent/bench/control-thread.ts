/** The line's control, in a thread of its own: it has pictures taken, and hears what became of the parts. */
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { VerdictPayload } from "../contract/part-payloads.js";
import { topics } from "../contract/topics.js";
import { openClient } from "../mqtt/mqtt-client.js";
import type { ControlSetup, ControlTally } from "./verdicts.js";

const { url, base, cameras, everyMs, rounds, settleRounds } = workerData as ControlSetup;
/** Verdicts that have not come so long after the last trigger will not. */
const PATIENCE_MS = 6_000;

const triggerMs: number[] = [];
const pictureMs: number[] = [];
let unknown = 0;
/** When a part that is counted was triggered, by camera and part; monotonic. Null: it is not counted. */
const awaited = new Map<string, number | null>();
let onAll: () => void = () => undefined;

const client = await openClient({
  url,
  version: 4,
  clientId: "retort-bench-control",
  username: null,
  password: null,
  will: null,
  retain: true,
  keepaliveS: 60,
  connectTimeoutMs: 5_000,
  onReceived: ({ payload }) => {
    const nowMs = performance.now();
    const { camera, part, verdict, ts } = JSON.parse(payload.toString()) as VerdictPayload;
    const name = `${camera} ${part}`;
    const sentMs = awaited.get(name);
    if (sentMs === undefined) return;
    awaited.delete(name);
    if (sentMs !== null && verdict !== "unknown") {
      triggerMs.push(nowMs - sentMs);
      pictureMs.push(performance.timeOrigin + nowMs - Date.parse(ts));
    } else if (sentMs !== null) unknown += 1;
    if (awaited.size === 0) onAll();
  },
  onLost: ({ reason }) => {
    throw new Error(reason);
  },
});
await client.subscribe(`${base}/${topics.verdict("+")}`);

const beganMs = performance.now();
for (let part = 1; part <= rounds; part += 1) {
  await sleep(Math.max(0, beganMs + part * everyMs - performance.now()));
  for (const camera of cameras) {
    awaited.set(`${camera} ${part}`, part > settleRounds ? performance.now() : null);
    const payload = JSON.stringify({ id: `${camera}-${part}`, camera, context: { part } });
    void client.send({ topic: `${base}/cmd/inspect`, payload, qos: 1, retain: false });
  }
}
await new Promise<void>((resolve) => {
  const timer = setTimeout(resolve, PATIENCE_MS);
  onAll = () => {
    clearTimeout(timer);
    resolve();
  };
  if (awaited.size === 0) onAll();
});
const missing = [...awaited.values()].filter((sentMs) => sentMs !== null).length;
const tally: ControlTally = { triggerMs, pictureMs, unjudged: unknown + missing };
parentPort!.postMessage(tally);
await client.close();
