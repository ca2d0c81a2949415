import type { ErrorCode } from "../../errors.js";
import type { ModelPrecision } from "../../models/bundle/bundle.js";
import type { Frame, ModelIdentity, Outcome, Size } from "../types.js";
import { batchSizes, nextBatch } from "./batch.js";
import { type SpawnThread, spawnWorker } from "./model-thread.js";
import type { EngineFile, ProviderReport, Reply, WorkerSetup } from "./protocol.js";
import type { GpuLimits } from "./providers/session.js";
import { Supervisor, type SupervisorEvents } from "./supervisor.js";
import { type WatchdogLimits, watchdogLimits } from "./watchdog.js";

export type { ProviderReport } from "./protocol.js";

/** A loaded model that judges frames. */
export interface Engine {
  readonly model: ModelIdentity;
  /** What `frame.size` must be. */
  readonly input: Size;
  /** The threshold that the bundle names. */
  readonly threshold: number;
  /** By then a frame has its outcome, whatever the engine has to do for it: start its thread anew, more than once. Milliseconds. */
  readonly answersWithinMs: number;
  /**
   * Judges a frame: takes its buffer away and gives it back in the outcome. Never rejects: a frame that cannot be judged is a
   * failed outcome with a code (FRAME_SIZE, SCORE_NOT_FINITE, INFERENCE_FAILED, ENGINE_WORKER_DIED, ENGINE_STALLED,
   * ENGINE_CLOSED).
   */
  inspect(frame: Frame): Promise<Outcome>;
  providers(): ProviderReport;
  /** Ends the thread; frames that still wait become failed outcomes. Safe to call twice. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly modelPath: string;
  readonly identity: Omit<ModelIdentity, "provider">;
  readonly input: Size;
  readonly threshold: number;
  readonly providers: readonly string[];
  readonly threads: number;
  /** What the model's networks are computed in; fp32 unless given. */
  readonly precision?: ModelPrecision;
  /** Whether float16 is made of the float32 model in the file. */
  readonly halve?: boolean;
  /** Adds to a report what the thread does not know; asked at each report. */
  readonly annotate?: (report: ProviderReport) => ProviderReport;
  /** Which GPU, from 0; the first unless given. */
  readonly device?: number;
  /** What of it the model takes; as ONNX Runtime has it unless given. */
  readonly gpuLimits?: GpuLimits;
  /** What TensorRT built of the model; it is opened on TensorRT in the model's place. None unless given. */
  readonly built?: EngineFile | null;
  readonly maxBatch: number;
  readonly spawn?: SpawnThread;
  readonly limits?: WatchdogLimits;
  /** Called when a thread is warm: the first one, or a successor, which may be on another provider. */
  readonly onUp?: (report: ProviderReport) => void;
  /** Called when the thread died or was given up; it is started again unless too many are stuck. */
  readonly onRestart?: (reason: string) => void;
  /** The wait before the first restart; doubles up to 5 s while the thread keeps dying. */
  readonly restartAfterMs?: number;
}

/** The batches that the thread holds at once: it runs one, and the next already waits in its queue, so that it never idles. */
const MAX_OUTSTANDING = 2;

interface Waiting {
  readonly frame: Frame;
  readonly askedAtMs: number;
  readonly settle: (outcome: Outcome) => void;
}

/** The reason why every frame fails from now on. */
interface End {
  readonly code: "ENGINE_CLOSED" | "ENGINE_STALLED";
  readonly reason: string;
}

/**
 * Starts the model's thread and waits until it is warm.
 * @throws CodedError of readModel, ENGINE_OPEN_FAILED
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new ThreadEngine(options);
  await engine.open();
  return engine;
}

/** What the model's thread is given. */
export function setupOf(options: EngineOptions): WorkerSetup {
  const { modelPath, identity, input, providers, threads, maxBatch } = options;
  const { precision = "fp32", device = 0, built = null, halve = false, gpuLimits } = options;
  const wish = { precision, input, threads, batchSizes: batchSizes(maxBatch), device, build: null };
  return { ...wish, ...(gpuLimits && { gpuLimits }), built, modelPath, sha256: identity.sha256, halve, providers };
}

class ThreadEngine implements Engine {
  readonly input: Size;
  readonly threshold: number;
  readonly #options: EngineOptions;
  readonly #supervisor: Supervisor;
  readonly #waiting: Waiting[] = [];
  readonly #outstanding = new Map<number, readonly Waiting[]>();
  #model: ModelIdentity;
  #report: ProviderReport = { used: "none", tried: [] };
  #nextId = 1;
  #end: End | null = null;

  constructor(options: EngineOptions) {
    const { spawn = spawnWorker, limits = watchdogLimits } = options;
    const setup = setupOf(options);
    this.#options = options;
    this.#supervisor = new Supervisor(
      { setup, spawn, limits, restartAfterMs: options.restartAfterMs ?? 100 },
      this.#events(),
    );
    this.input = options.input;
    this.threshold = options.threshold;
    this.#model = { ...options.identity, provider: "none" };
  }

  get model(): ModelIdentity {
    return this.#model;
  }

  get answersWithinMs(): number {
    return this.#supervisor.answersWithinMs;
  }

  providers(): ProviderReport {
    return this.#options.annotate?.(this.#report) ?? this.#report;
  }

  open(): Promise<void> {
    return this.#supervisor.open();
  }

  inspect(frame: Frame): Promise<Outcome> {
    const expected = this.input.width * this.input.height * 3;
    if (frame.pixels.byteLength !== expected || frame.pixels.buffer.byteLength !== expected) {
      const reason = `the frame has ${frame.pixels.byteLength} bytes, the model wants ${expected}`;
      return Promise.resolve(failed(frame, "FRAME_SIZE", reason));
    }
    if (this.#end !== null) return Promise.resolve(failed(frame, this.#end.code, this.#end.reason));
    return new Promise((settle) => {
      this.#waiting.push({ frame, askedAtMs: performance.now(), settle });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    if (this.#end?.code === "ENGINE_CLOSED") return;
    const closed = this.#supervisor.close();
    this.#finish({ code: "ENGINE_CLOSED", reason: "the engine is closed" });
    await closed;
  }

  #events(): SupervisorEvents {
    return {
      up: ({ report }) => {
        this.#report = report;
        this.#model = { ...this.#options.identity, provider: report.used };
        this.#dispatch();
        this.#options.onUp?.(report);
      },
      reply: (reply) => this.#onReply(reply),
      // The frames that the thread held fail; those that wait here are for the next thread.
      lost: (code, reason, last) => {
        this.#failOutstanding(code, reason);
        this.#onRestart(reason, last);
      },
      notStarted: (reason, last) => this.#onRestart(reason, last),
    };
  }

  #dispatch(): void {
    const { thread } = this.#supervisor;
    while (thread !== null && this.#outstanding.size < MAX_OUTSTANDING && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, nextBatch(this.#waiting.length, thread.batchSizes));
      const id = this.#nextId;
      this.#nextId += 1;
      const frames = batch.map(({ frame }) => frame.pixels.buffer);
      if (this.#outstanding.size === 0) this.#supervisor.working();
      this.#outstanding.set(id, batch);
      thread.post({ kind: "run", id, frames }, frames);
    }
  }

  #onReply(reply: Reply): void {
    if (reply.kind !== "done" && reply.kind !== "failed") return;
    const batch = this.#outstanding.get(reply.id);
    if (batch === undefined) return;
    this.#outstanding.delete(reply.id);
    if (this.#outstanding.size > 0) this.#supervisor.working();
    else this.#supervisor.resting();
    // The thread gets its next batch before the outcomes of this one are worked on.
    this.#dispatch();
    const now = performance.now();
    batch.forEach((waiting, index) => {
      const frame = { ...waiting.frame, pixels: new Uint8Array(reply.frames[index]!) };
      if (reply.kind === "failed") waiting.settle(failed(frame, "INFERENCE_FAILED", reply.reason));
      else waiting.settle(this.#outcome(frame, reply, index, now - waiting.askedAtMs));
    });
    if (reply.kind === "done") this.#supervisor.serves();
  }

  #outcome(frame: Frame, reply: Reply & { kind: "done" }, index: number, tookMs: number): Outcome {
    const score = reply.scores[index]!;
    if (!Number.isFinite(score)) {
      return failed(frame, "SCORE_NOT_FINITE", "the model's score or its map is not a number");
    }
    const pixels = this.input.width * this.input.height;
    const map = reply.maps.subarray(index * pixels, (index + 1) * pixels);
    const { inferenceMs } = reply;
    const picture = reply.pictures[index]!;
    const queueMs = Math.max(0, tookMs - inferenceMs);
    return { kind: "inspected", inspection: { frame, score, map, model: this.#model, queueMs, inferenceMs, picture } };
  }

  #onRestart(reason: string, last: boolean): void {
    if (last) this.#finish({ code: "ENGINE_STALLED", reason });
    this.#options.onRestart?.(reason);
  }

  #finish(end: End): void {
    this.#end = end;
    this.#failOutstanding(end.code, end.reason);
    for (const { frame, settle } of this.#waiting.splice(0)) settle(failed(frame, end.code, end.reason));
  }

  #failOutstanding(code: ErrorCode, reason: string): void {
    const batches = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { frame, settle } of batches.flat()) settle(failed(frame, code, reason));
  }
}

function failed(frame: Frame, code: ErrorCode, reason: string): Outcome {
  return { kind: "failed", failure: { frame, code, reason } };
}
