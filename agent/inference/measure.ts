import { CodedError } from "../../errors.js";
import { type ModelThreadEvents, type SpawnThread, spawnWorker, startModelThread } from "./model-thread.js";
import type { ProviderReport, Reply, WorkerSetup } from "./protocol.js";
import { watchdogLimits } from "./watchdog.js";

/** The bare model, run back to back by its thread with nothing in between: the ceiling that the agent is held against. */
export interface BareModel {
  readonly report: ProviderReport;
  run(forMs: number): Promise<{ readonly frames: number; readonly ms: number }>;
  close(): Promise<void>;
}

/** @throws CodedError ENGINE_OPEN_FAILED */
export async function openBareModel(setup: WorkerSetup, spawn: SpawnThread = spawnWorker): Promise<BareModel> {
  let settle: ((reply: Extract<Reply, { kind: "measured" }>) => void) | null = null;
  let fail: ((error: unknown) => void) | null = null;
  const events: ModelThreadEvents = {
    reply: (reply) => {
      if (reply.kind === "measured") settle?.(reply);
    },
    died: (reason) =>
      fail?.(new CodedError("ENGINE_WORKER_DIED", reason, { remedy: "Run it again.", at: setup.modelPath })),
  };
  const thread = await startModelThread(setup, spawn, events, watchdogLimits.start(null));
  return {
    report: thread.report,
    run: (forMs) =>
      new Promise((resolve, reject) => {
        settle = ({ frames, ms }) => resolve({ frames, ms });
        fail = reject;
        thread.post({ kind: "measure", forMs }, []);
      }),
    close: () => thread.stop(),
  };
}
