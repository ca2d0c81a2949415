import type { Worker } from "node:worker_threads";

/** The next message of a thread; rejects with what the thread fails of. */
export function nextMessage<T>(thread: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    thread.once("error", reject);
    thread.once("message", (value: T) => {
      thread.off("error", reject);
      resolve(value);
    });
  });
}
