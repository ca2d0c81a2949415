import { Worker } from "node:worker_threads";
import { CodedError, messageOf } from "../errors.js";
import type { ProviderReport, Reply, Request, WorkerSetup } from "./protocol.js";

/** The part of a worker thread that the engine uses; faked in tests. */
export interface Thread {
  postMessage(request: Request, transfer: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (reply: Reply) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
}

export type SpawnThread = (setup: WorkerSetup) => Thread;

export const spawnWorker: SpawnThread = (setup) => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: setup, name: "retort-inference" });
  return worker as Thread;
};

/** One life of a worker thread, from its start to its death. */
export interface Host {
  readonly report: ProviderReport;
  /** Ascending: the sizes that are warm. */
  readonly batchSizes: readonly number[];
  post(request: Request, transfer: readonly ArrayBuffer[]): void;
  /**
   * Ends the thread after the inference it is at. It is asked and not terminated: a thread terminated inside
   * `session.run` takes the whole process down (onnxruntime-node 1.30, uncaught Napi::Error).
   */
  stop(): Promise<void>;
}

export interface HostEvents {
  reply(reply: Reply): void;
  /** Once, when the thread ends without having been stopped. */
  died(reason: string): void;
}

/**
 * Starts a thread and waits until its model is loaded and warm.
 * @throws CodedError ENGINE_OPEN_FAILED when the model cannot be loaded or the thread dies first.
 */
export function startHost(setup: WorkerSetup, spawn: SpawnThread, events: HostEvents): Promise<Host> {
  return new Promise((resolve, reject) => {
    const thread = spawn(setup);
    const exited = new Promise<void>((done) => thread.on("exit", () => done()));
    let phase: "starting" | "serving" | "over" = "starting";
    const over = (reason: string): void => {
      const before = phase;
      phase = "over";
      if (before === "serving") events.died(reason);
      if (before === "starting") reject(openFailed(setup.modelPath, reason));
    };
    thread.on("message", (reply) => {
      if (reply.kind === "refused") {
        over(reply.reason);
      } else if (reply.kind === "ready") {
        phase = "serving";
        resolve({
          report: reply.report,
          batchSizes: reply.batchSizes,
          post: (request, transfer) => thread.postMessage(request, transfer),
          stop: () => {
            if (phase === "serving") thread.postMessage({ kind: "stop" }, []);
            phase = "over";
            return exited;
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

function openFailed(modelPath: string, reason: string): CodedError {
  return new CodedError("ENGINE_OPEN_FAILED", `the model cannot be run: ${reason}`, {
    at: modelPath,
    remedy: "Check the bundle, or run `retort doctor` for the providers this machine has.",
  });
}
