/**
 * A process of its own in which TensorRT builds one engine, or tries one that was built, so that its crash, or its hunger for memory, is not the
 * agent's. The work is a thread's: this one stays awake, to end with the agent.
 */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../../errors.js";
import { giveWay } from "../../kit/niceness.js";
import type { WorkerSetup } from "../protocol.js";
import type { BuildMessage } from "./build-messages.js";

/** Added to the agent's niceness: less than its inference, which adds 5. */
const NICENESS = 15;
const LOOK_AGAIN_MS = 1_000;

const say = (message: BuildMessage): unknown => process.send?.(message);

/** Ends at once, whatever the thread is at: a usual end would wait until it is out of native code. */
const end = (): unknown => process.kill(process.pid, "SIGKILL");

/** Has the kernel end this process before others, where memory runs out; said to Linux alone. */
function offerItself(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch (error) {
    // Part of what is told where the build fails: then it is a process like others.
    console.error(`the builder keeps its OOM score: ${messageOf(error)}`);
  }
}

/**
 * Waits until no other builder of this machine has the GPU. The name, in Linux's abstract namespace, is free again with the end of
 * whoever has it, however that came.
 */
async function takeGpu(device: number): Promise<void> {
  for (;;) {
    const taken = await new Promise<boolean>((resolve, reject) => {
      const server = createServer();
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(false);
        else reject(error);
      });
      server.listen(`\0retort-engine-build-gpu${device}`, () => resolve(true));
    });
    if (taken) return;
    say({ kind: "waiting" });
    await sleep(LOOK_AGAIN_MS);
  }
}

async function build(setup: WorkerSetup): Promise<void> {
  if (setup.build !== null) await takeGpu(setup.device);
  const thread = new Worker(new URL("./builder-thread.js", import.meta.url), {
    workerData: setup,
    name: "retort-build",
  });
  thread.on("message", say);
  thread.on("error", (error) => say({ kind: "refused", reason: messageOf(error) }));
  // After its last word that is no news.
  thread.on("exit", (code) => say({ kind: "refused", reason: `its thread ended with status ${code}` }));
}

giveWay(NICENESS);
offerItself();
// The agent has heard the outcome, or is gone.
process.on("disconnect", end);
process.once("message", (setup: WorkerSetup) => {
  build(setup).catch((error: unknown) => say({ kind: "refused", reason: messageOf(error) }));
});
