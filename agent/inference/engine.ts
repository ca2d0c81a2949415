import { CodedError, messageOf } from "../errors.js";
import type { Frame, ModelIdentity, Outcome, Size } from "../types.js";
import { batchSizes, nextBatch } from "./batch.js";
import { type Host, type SpawnThread, spawnWorker, startHost } from "./host.js";
import type { ProviderReport, Reply, WorkerSetup } from "./protocol.js";

export type { ProviderReport } from "./protocol.js";

/** A loaded model that judges frames. */
export interface Engine {
  readonly model: ModelIdentity;
  /** What `frame.size` must be. */
  readonly input: Size;
  /** The bundle's. */
  readonly threshold: number;
  /**
   * Takes the frame's buffer away and gives it back in the outcome. Never rejects: a frame that cannot be judged is a
   * failed outcome with a code (FRAME_SIZE, SCORE_NOT_FINITE, INFERENCE_FAILED, ENGINE_WORKER_DIED, ENGINE_CLOSED).
   */
  inspect(frame: Frame): Promise<Outcome>;
  providers(): ProviderReport;
  /** Frames still waiting become failed outcomes. Safe to call twice. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly modelPath: string;
  readonly identity: Omit<ModelIdentity, "provider">;
  readonly input: Size;
  readonly threshold: number;
  readonly providers: readonly string[];
  readonly threads: number;
  readonly maxBatch: number;
  readonly spawn?: SpawnThread;
  /** Told when the thread died and is being started again. */
  readonly onRestart?: (reason: string) => void;
  /** The wait before the first restart; doubles up to 5 s while the thread keeps dying. */
  readonly restartAfterMs?: number;
}

/** One is being run while the next one already waits in the thread's queue: then it never idles. */
const MAX_OUTSTANDING = 2;
const MAX_RESTART_MS = 5_000;

interface Waiting {
  readonly frame: Frame;
  readonly askedAtMs: number;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Starts the model's thread and waits until it is warm.
 * @throws CodedError ENGINE_OPEN_FAILED
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new ThreadEngine(options);
  await engine.open();
  return engine;
}

class ThreadEngine implements Engine {
  readonly input: Size;
  readonly threshold: number;
  readonly #options: EngineOptions;
  readonly #setup: WorkerSetup;
  readonly #waiting: Waiting[] = [];
  readonly #outstanding = new Map<number, readonly Waiting[]>();
  #host: Host | null = null;
  #model: ModelIdentity;
  #report: ProviderReport = { used: "none", tried: [] };
  #nextId = 1;
  #restartInMs: number;
  #restartTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: EngineOptions) {
    const { modelPath, input, providers, threads } = options;
    this.#options = options;
    this.#setup = { modelPath, input, providers, threads, batchSizes: batchSizes(options.maxBatch) };
    this.input = input;
    this.threshold = options.threshold;
    this.#model = { ...options.identity, provider: "none" };
    this.#restartInMs = this.#firstRestartMs();
  }

  get model(): ModelIdentity {
    return this.#model;
  }

  providers(): ProviderReport {
    return this.#report;
  }

  async open(): Promise<void> {
    const host = await startHost(this.#setup, this.#options.spawn ?? spawnWorker, {
      reply: (reply) => this.#onReply(reply),
      died: (reason) => this.#onDeath(reason),
    });
    if (this.#closed) {
      await host.stop();
      return;
    }
    this.#host = host;
    this.#report = host.report;
    this.#model = { ...this.#options.identity, provider: host.report.used };
    this.#dispatch();
  }

  inspect(frame: Frame): Promise<Outcome> {
    const expected = this.input.width * this.input.height * 3;
    if (frame.pixels.byteLength !== expected || frame.pixels.buffer.byteLength !== expected) {
      const reason = `the frame has ${frame.pixels.byteLength} bytes, the model wants ${expected}`;
      return Promise.resolve(failed(frame, "FRAME_SIZE", reason));
    }
    if (this.#closed) return Promise.resolve(failed(frame, "ENGINE_CLOSED", "the engine is closed"));
    return new Promise((settle) => {
      this.#waiting.push({ frame, askedAtMs: performance.now(), settle });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    const host = this.#host;
    this.#host = null;
    this.#failOutstanding("ENGINE_CLOSED", "the engine was closed");
    for (const { frame, settle } of this.#waiting.splice(0))
      settle(failed(frame, "ENGINE_CLOSED", "the engine was closed"));
    await host?.stop();
  }

  #dispatch(): void {
    while (this.#host !== null && this.#outstanding.size < MAX_OUTSTANDING && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, nextBatch(this.#waiting.length, this.#host.batchSizes));
      const id = this.#nextId++;
      const frames = batch.map(({ frame }) => frame.pixels.buffer);
      this.#outstanding.set(id, batch);
      this.#host.post({ kind: "run", id, frames }, frames);
    }
  }

  #onReply(reply: Reply): void {
    if (reply.kind !== "done" && reply.kind !== "failed") return;
    const batch = this.#outstanding.get(reply.id);
    if (batch === undefined) return;
    this.#outstanding.delete(reply.id);
    // The thread gets its next batch before this one's outcomes are worked on.
    this.#dispatch();
    const now = performance.now();
    batch.forEach((waiting, index) => {
      const frame = { ...waiting.frame, pixels: new Uint8Array(reply.frames[index]!) };
      if (reply.kind === "failed") waiting.settle(failed(frame, "INFERENCE_FAILED", reply.reason));
      else waiting.settle(this.#outcome(frame, reply, index, now - waiting.askedAtMs));
    });
    if (reply.kind === "done") this.#restartInMs = this.#firstRestartMs();
  }

  #outcome(frame: Frame, reply: Reply & { kind: "done" }, index: number, tookMs: number): Outcome {
    const score = reply.scores[index]!;
    if (!Number.isFinite(score)) return failed(frame, "SCORE_NOT_FINITE", `the model's score is ${score}`);
    const pixels = this.input.width * this.input.height;
    const map = reply.maps.subarray(index * pixels, (index + 1) * pixels);
    const { inferenceMs } = reply;
    const picture = reply.pictures[index]!;
    const queueMs = Math.max(0, tookMs - inferenceMs);
    return { kind: "inspected", inspection: { frame, score, map, model: this.#model, queueMs, inferenceMs, picture } };
  }

  /** The frames in the thread's hands are lost and counted; those still here wait for the next thread. */
  #onDeath(reason: string): void {
    this.#host = null;
    this.#failOutstanding("ENGINE_WORKER_DIED", reason);
    this.#options.onRestart?.(reason);
    this.#restartLater();
  }

  #restartLater(): void {
    if (this.#closed) return;
    const waitMs = this.#restartInMs;
    this.#restartInMs = Math.min(waitMs * 2, MAX_RESTART_MS);
    this.#restartTimer = setTimeout(() => {
      this.open().catch((error: unknown) => {
        this.#options.onRestart?.(error instanceof CodedError ? error.message : messageOf(error));
        this.#restartLater();
      });
    }, waitMs);
  }

  #failOutstanding(code: string, reason: string): void {
    const batches = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { frame, settle } of batches.flat()) settle(failed(frame, code, reason));
  }

  #firstRestartMs(): number {
    return this.#options.restartAfterMs ?? 100;
  }
}

function failed(frame: Frame, code: string, reason: string): Outcome {
  return { kind: "failed", failure: { frame, code, reason } };
}
