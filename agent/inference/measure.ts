import { CodedError } from "../../errors.js";
import { type HostEvents, type SpawnThread, spawnWorker, startHost } from "./model-thread.js";
import type { ProviderReport, Reply, WorkerSetup } from "./protocol.js";
import { silenceLimits } from "./watchdog.js";

/** The model run back to back by nobody but its thread: the ceiling that the agent is held against. */
export interface BareModel {
  readonly report: ProviderReport;
  run(forMs: number): Promise<{ readonly frames: number; readonly ms: number }>;
  close(): Promise<void>;
}

/** @throws CodedError ENGINE_OPEN_FAILED */
export async function openBareModel(setup: WorkerSetup, spawn: SpawnThread = spawnWorker): Promise<BareModel> {
  let settle: ((reply: Extract<Reply, { kind: "measured" }>) => void) | null = null;
  let fail: ((error: unknown) => void) | null = null;
  const events: HostEvents = {
    reply: (reply) => {
      if (reply.kind === "measured") settle?.(reply);
    },
    died: (reason) =>
      fail?.(new CodedError("ENGINE_WORKER_DIED", reason, { remedy: "Run it again.", at: setup.modelPath })),
  };
  const host = await startHost(setup, spawn, events, silenceLimits.start(null));
  return {
    report: host.report,
    run: (forMs) =>
      new Promise((resolve, reject) => {
        settle = ({ frames, ms }) => resolve({ frames, ms });
        fail = reject;
        host.post({ kind: "measure", forMs }, []);
      }),
    close: () => host.stop(),
  };
}
