/** The inference worker as it is, but that its fourth run (the second after a warm-up of one size) blocks in the kernel. */
import { openSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { InferenceSession } from "onnxruntime-node";

const HANGING = 4;
const { fifo } = workerData as { fifo: string };
const create = InferenceSession.create.bind(InferenceSession) as (path: string, options: object) => Promise<Session>;
type Session = Awaited<ReturnType<typeof InferenceSession.create>>;

InferenceSession.create = (async (path: string, options: object) => {
  const session = await create(path, options);
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<unknown>;
  let runs = 0;
  session.run = (async (...args: unknown[]) => {
    runs += 1;
    // Opening a pipe that nobody writes to: a native call that does not return, as a driver's may.
    if (runs === HANGING) openSync(fifo, "r");
    return run(...args);
  }) as typeof session.run;
  return session;
}) as typeof InferenceSession.create;

await import("../../agent/inference/worker.js");
