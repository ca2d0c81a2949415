import { CodedError, messageOf } from "../../errors.js";
import { type ModelThread, type SpawnThread, startModelThread } from "./model-thread.js";
import type { Reply, WorkerSetup } from "./protocol.js";
import { MOST_STUCK, stuckThreads } from "./stuck.js";
import { createWatchdog, type Watchdog, type WatchdogLimits } from "./watchdog.js";

export interface SupervisorOptions {
  readonly setup: WorkerSetup;
  readonly spawn: SpawnThread;
  readonly limits: WatchdogLimits;
  /** The wait before the first restart; doubles up to 5 s while the thread keeps dying. */
  readonly restartAfterMs: number;
}

export interface SupervisorEvents {
  /** Called when a thread is warm: the first one, or a successor. */
  up(thread: ModelThread): void;
  reply(reply: Reply): void;
  /** Called when a thread died or was given up: what it held is lost. A successor is started unless `last`. */
  lost(code: "ENGINE_WORKER_DIED" | "ENGINE_STALLED", reason: string, last: boolean): void;
  /** Called when a successor could not be started. Another one is tried unless `last`. */
  notStarted(reason: string, last: boolean): void;
}

const MAX_RESTART_MS = 5_000;

/** The supervisor of the thread that serves one model: watches it, and replaces one that died or does not come back. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #events: SupervisorEvents;
  #thread: ModelThread | null = null;
  #watchdog: Watchdog | null = null;
  #firstStartMs: number | null = null;
  #slowestMs = 0;
  #restartInMs: number;
  #restartTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SupervisorOptions, events: SupervisorEvents) {
    this.#options = options;
    this.#events = events;
    this.#restartInMs = options.restartAfterMs;
  }

  /** The thread that serves; null while there is none. */
  get thread(): ModelThread | null {
    return this.#thread;
  }

  /** For as long as work may be here, where every remedy takes the time that it may: a thread given up, and its successors. */
  get answersWithinMs(): number {
    const { limits } = this.#options;
    const startMs = limits.start(this.#firstStartMs) + MAX_RESTART_MS;
    return limits.run(this.#slowestMs) + MOST_STUCK * startMs;
  }

  /** @throws CodedError ENGINE_OPEN_FAILED */
  async open(): Promise<void> {
    const { setup, spawn, limits } = this.#options;
    const startedAtMs = performance.now();
    const events = {
      reply: (reply: Reply) => this.#events.reply(reply),
      died: (reason: string) => this.#lose("ENGINE_WORKER_DIED", reason),
    };
    const thread = await startModelThread(setup, spawn, events, limits.start(this.#firstStartMs));
    if (this.#closed) {
      await thread.stop();
      return;
    }
    this.#firstStartMs ??= performance.now() - startedAtMs;
    this.#slowestMs = thread.slowestMs;
    const limitMs = limits.run(thread.slowestMs);
    this.#thread = thread;
    this.#watchdog = createWatchdog(limitMs, () => {
      thread.abandon();
      this.#lose("ENGINE_STALLED", `the inference has not returned for ${(limitMs / 1_000).toFixed(1)} s`);
    });
    this.#events.up(thread);
  }

  /** To be called when the thread gets work, and when it has answered and has more. */
  working(): void {
    this.#watchdog?.working();
  }

  /** To be called when the thread has answered and has no more work. */
  resting(): void {
    this.#watchdog?.resting();
  }

  /** To be called when a batch was judged: the next restart comes quickly again. */
  serves(): void {
    this.#restartInMs = this.#options.restartAfterMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    this.#watchdog?.end();
    const thread = this.#thread;
    this.#thread = null;
    await thread?.stop();
  }

  #lose(code: "ENGINE_WORKER_DIED" | "ENGINE_STALLED", reason: string): void {
    this.#thread = null;
    this.#watchdog?.end();
    this.#watchdog = null;
    this.#events.lost(code, reason, !this.#restartLater());
  }

  /** Plans the next start, unless too many threads are stuck. @returns whether there will be a next thread */
  #restartLater(): boolean {
    if (this.#closed || stuckThreads() > MOST_STUCK) return false;
    const waitMs = this.#restartInMs;
    this.#restartInMs = Math.min(waitMs * 2, MAX_RESTART_MS);
    this.#restartTimer = setTimeout(() => {
      this.open().catch((error: unknown) => {
        if (this.#closed) return;
        const reason = error instanceof CodedError ? error.message : messageOf(error);
        this.#events.notStarted(reason, !this.#restartLater());
      });
    }, waitMs);
    return true;
  }
}
