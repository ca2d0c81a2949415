import type { Reply, Request, Thread } from "../../agent/inference/protocol.js";
import { pictureStats } from "../../models/pictures/picture-stats.js";

export interface FakeThread extends Thread {
  /** What it was asked, `run` only. */
  readonly asked: readonly number[];
  /** Answers the oldest request that is not answered. */
  answer(): void;
  /** Ends, as a thread does that comes back and finds that it was told to stop. */
  exit(): void;
}

/** An inference thread that answers when it is told to; ready at once unless `silent`. Its answers are black maps of score 0. */
export function fakeThread({ silent = false } = {}): FakeThread {
  const heard: ((reply: Reply) => void)[] = [];
  const exits: ((code: number) => void)[] = [];
  const requests: (Request & { kind: "run" })[] = [];
  const asked: number[] = [];
  const say = (reply: Reply): void => {
    for (const listener of heard) listener(reply);
  };
  const report = { used: "cpu", tried: [] };
  if (!silent) setImmediate(() => say({ kind: "ready", report, batchSizes: [1], slowestMs: 1 }));
  return {
    asked,
    answer: () => {
      const { id, frames } = requests.shift()!;
      const count = frames.length;
      const [scores, maps] = [new Float32Array(count), new Float32Array(count * 256)];
      const pictures = frames.map((frame) => pictureStats(new Uint8Array(frame), 16, 16));
      say({ kind: "done", id, scores, maps, pictures, frames, inferenceMs: 1 });
    },
    exit: () => {
      for (const listener of exits) listener(0);
    },
    postMessage: (request) => {
      if (request.kind !== "run") return;
      requests.push(request);
      asked.push(request.id);
    },
    on: (event, listener) => {
      if (event === "message") heard.push(listener as (reply: Reply) => void);
      if (event === "exit") exits.push(listener as (code: number) => void);
    },
    unref: () => undefined,
  };
}
