import { Worker } from "node:worker_threads";
import { CodedError, messageOf } from "../../errors.js";
import { refuseTelemetry } from "../../models/onnx/no-telemetry.js";
import { within } from "../kit/within.js";
import type { ModelFault, ProviderReport, Reply, Request, Thread, WorkerSetup } from "./protocol.js";
import { abandon } from "./stuck.js";
import { createWatchdog } from "./watchdog.js";

export type SpawnThread = (setup: WorkerSetup) => Thread;

export const spawnWorker: SpawnThread = (setup) => {
  refuseTelemetry();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: setup, name: "retort-inference" });
  return worker as Thread;
};

/** How long a stop waits for the inference that the thread is at. */
const STOP_MS = 700;

/** One life of a worker thread, from its start to its death. */
export interface ModelThread {
  readonly report: ProviderReport;
  /** The batch sizes that are warm, ascending. */
  readonly batchSizes: readonly number[];
  /** The slowest run of the warm sizes, ms. */
  readonly slowestMs: number;
  post(request: Request, transfer: readonly ArrayBuffer[]): void;
  /**
   * Ends the thread after the inference it is at, by a message and not by terminate(): a thread terminated inside
   * `session.run` takes the whole process down (onnxruntime-node 1.30, uncaught Napi::Error). One that does not end in time is
   * abandoned.
   */
  stop(): Promise<void>;
  /** Gives up a thread that does not come back: its later messages are ignored, and so is its death. */
  abandon(): void;
}

export interface ModelThreadEvents {
  reply(reply: Reply): void;
  /** Called once, when the thread ends without having been stopped. */
  died(reason: string): void;
}

/**
 * Starts a thread and waits until its model is loaded and warm.
 * @param limitMs how long that may take; then the thread is abandoned
 * @throws CodedError of readModel when the model is not what it should be, ENGINE_OPEN_FAILED when it cannot be loaded, the thread dies
 * first or says nothing in time.
 */
export function startModelThread(
  setup: WorkerSetup,
  spawn: SpawnThread,
  events: ModelThreadEvents,
  limitMs: number,
): Promise<ModelThread> {
  return new Promise((resolve, reject) => {
    const thread = spawn(setup);
    const exited = new Promise<void>((done) => thread.on("exit", () => done()));
    let phase: "starting" | "serving" | "over" = "starting";
    const over = (reason: string, fault: ModelFault | null = null): void => {
      const before = phase;
      phase = "over";
      limit.end();
      if (before === "serving") events.died(reason);
      if (before === "starting") reject(openFailed(setup.modelPath, reason, fault));
    };
    const giveUp = (): void => {
      abandon(thread);
      over(`its thread is not ready after ${Math.round(limitMs / 1_000)} s`);
    };
    const limit = createWatchdog(limitMs, giveUp);
    limit.working();
    thread.on("message", (reply) => {
      if (phase === "over") return;
      if (reply.kind === "refused") {
        over(reply.reason, reply.fault);
      } else if (reply.kind === "ready") {
        phase = "serving";
        limit.end();
        resolve({
          report: reply.report,
          batchSizes: reply.batchSizes,
          slowestMs: reply.slowestMs,
          post: (request, transfer) => thread.postMessage(request, transfer),
          stop: async () => {
            if (phase === "serving") thread.postMessage({ kind: "stop" }, []);
            phase = "over";
            const gone = exited.then(() => true);
            await within(STOP_MS, gone);
            if (!(await Promise.race([gone, false]))) abandon(thread);
          },
          abandon: () => {
            phase = "over";
            abandon(thread);
          },
        });
      } else if (phase === "serving") {
        events.reply(reply);
      }
    });
    thread.on("error", (error) => over(messageOf(error)));
    thread.on("exit", (code) => over(`the inference thread ended with status ${code}`));
  });
}

function openFailed(modelPath: string, reason: string, fault: ModelFault | null): CodedError {
  if (fault !== null) return new CodedError(fault.code, reason, { at: modelPath, remedy: fault.remedy });
  return new CodedError("ENGINE_OPEN_FAILED", `the model cannot be run: ${reason}`, { at: modelPath });
}
