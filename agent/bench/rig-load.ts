import { NEVER } from "rxjs";
import type { ScorePayload } from "../contract/payloads.js";
import { opening } from "../kit/closing.js";
import type { WatchOptions } from "../line/line-of.js";
import { openEmbeddedBroker } from "../mqtt/embedded-broker.js";
import { openClient } from "../mqtt/mqtt-client.js";
import type { Packet } from "../mqtt/packet.js";
import { openListener } from "./listener.js";
import type { RigOptions } from "./rig.js";

/**
 * The bench's own work without the agent: the source paints its pictures, a sender, the embedded broker and the subscriber carry as
 * many scores. Beside it the bare model shows what the rig takes of the machine, whatever agent stands in it.
 */
export interface RigLoad {
  /** Runs `work` while the load is on. */
  during<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface RigLoadOptions extends Omit<WatchOptions, "demand$"> {
  /** Pictures and scores a second; the camera's source is live and gives as many. */
  readonly fps: number;
  readonly watchCamera: RigOptions["watchCamera"];
}

const TOPIC = "retort-bench/load/score";
const CLOSE_MS = 5_000;

/** Starts at rest. @throws CodedError of openEmbeddedBroker or openClient */
export function openRigLoad({ camera, input, fps, watchCamera }: RigLoadOptions): Promise<RigLoad> {
  return opening(
    () => undefined,
    async (closing) => {
      const broker = await openEmbeddedBroker({ ports: [0] });
      closing.add("the broker", CLOSE_MS, broker.close);
      const listener = await openListener({ url: broker.url, topic: TOPIC });
      closing.add("the subscriber", CLOSE_MS, listener.close);
      const client = await openClient({
        url: broker.url,
        version: 4,
        clientId: "retort-bench-load",
        username: null,
        password: null,
        will: null,
        retain: true,
        keepaliveS: 60,
        connectTimeoutMs: 5_000,
        onReceived: () => undefined,
        onLost: () => undefined,
      });
      closing.add("the sender", CLOSE_MS, client.close);
      const packet: Packet = { topic: TOPIC, payload: JSON.stringify(score()), qos: 0, retain: false };
      return {
        async during(work) {
          // The source gives pictures all the time; none is wanted, so none is scaled or copied.
          const pictures = watchCamera({ camera, input, demand$: NEVER }).subscribe();
          const stop = beat(fps, () => void client.send(packet));
          try {
            return await work();
          } finally {
            stop();
            pictures.unsubscribe();
            await listener.take();
          }
        },
        close: () => closing.close(),
      };
    },
  );
}

/** A score as large as the agent's. */
function score(): ScorePayload {
  return {
    v: 1,
    ts: new Date().toISOString(),
    frame: 123_456,
    score: 0.123_456_789_012_345,
    threshold: 0.5,
    anomalous: false,
    latencyMs: { capture: 0, queue: 12.345, inference: 12.345, total: 23.456 },
    model: { name: "bench", version: "1", sha256: "0".repeat(64), provider: "cpu" },
    context: null,
  };
}

/** Calls `work` so many times a second, late calls made up for. @returns ends it */
function beat(perSecond: number, work: () => void): () => void {
  const startedAtMs = performance.now();
  let done = 0;
  const next = (): void => {
    work();
    done += 1;
    const dueMs = startedAtMs + (done * 1_000) / perSecond;
    timer = setTimeout(next, Math.max(0, dueMs - performance.now()));
  };
  let timer = setTimeout(next, 0);
  return () => clearTimeout(timer);
}
