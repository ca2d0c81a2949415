import type { Thread } from "./protocol.js";

/** The most stuck threads that an agent lives with. Each holds its model's memory, and perhaps a core: past them it asks for a new process. */
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

/** Gives a thread up: nothing waits for it any more. Should it come back after all, it ends by itself. */
export function abandon(thread: Thread): void {
  stuck.add(thread);
  thread.on("exit", () => stuck.delete(thread));
  thread.unref();
  thread.postMessage({ kind: "stop" }, []);
}
