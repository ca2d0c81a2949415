import { Worker } from "node:worker_threads";
import { nextMessage } from "./thread-message.js";

export interface ListenerSetup {
  readonly url: string;
  readonly topic: string;
}

/** The figures of every score received since the last tally. */
export interface Tally {
  /** Latencies from the frame's capture to its score's arrival; up to 1 ms too long, as `ts` has whole milliseconds. */
  readonly latencyMs: readonly number[];
  /** The part of it that was not inference: waiting and transport. */
  readonly outsideMs: readonly number[];
  /** From the first arrival to the last. */
  readonly spanMs: number;
}

export interface Listener {
  take(): Promise<Tally>;
  close(): Promise<void>;
}

/** Subscribes; resolves when the broker has granted it. */
export async function openListener(setup: ListenerSetup): Promise<Listener> {
  const thread = new Worker(new URL("./listener-thread.js", import.meta.url), { workerData: setup });
  const exited = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  await nextMessage(thread);
  return {
    take: () => {
      thread.postMessage("take");
      return nextMessage<Tally>(thread);
    },
    close: () => {
      thread.postMessage("stop");
      return exited;
    },
  };
}
