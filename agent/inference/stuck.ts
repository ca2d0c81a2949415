import type { Thread } from "./protocol.js";

/** With more of them the agent asks for a new process: each holds its model's memory, and perhaps a core. */
export const MOST_STUCK = 2;

/**
 * The threads of this process that did not come back from `session.run`. Nothing ends such a thread: terminated inside
 * `session.run` it takes the whole process down (onnxruntime-node 1.30), and since Node joins its threads before it exits,
 * a process that has one ends only past Node (endSurely).
 */
const stuck = new Set<Thread>();

export function stuckThreads(): number {
  return stuck.size;
}

/** It is not waited for any more; should it come back after all, it ends by itself. */
export function abandon(thread: Thread): void {
  stuck.add(thread);
  thread.on("exit", () => stuck.delete(thread));
  thread.unref();
  thread.postMessage({ kind: "stop" }, []);
}
