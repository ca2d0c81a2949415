import { CodedError, messageOf } from "../../errors.js";
import { type Host, type SpawnThread, startHost } from "./model-thread.js";
import type { Reply, WorkerSetup } from "./protocol.js";
import { MOST_STUCK, stuckThreads } from "./stuck.js";
import { type SilenceLimits, type SilenceWatch, watchSilence } from "./watchdog.js";

export interface KeeperOptions {
  readonly setup: WorkerSetup;
  readonly spawn: SpawnThread;
  readonly limits: SilenceLimits;
  /** The wait before the first restart; doubles up to 5 s while the thread keeps dying. */
  readonly restartAfterMs: number;
}

export interface KeeperEvents {
  /** A thread is warm: the first one, or a successor. */
  up(host: Host): void;
  reply(reply: Reply): void;
  /** What the thread held is lost. A successor is started unless `last`. */
  lost(code: "ENGINE_WORKER_DIED" | "ENGINE_STALLED", reason: string, last: boolean): void;
  /** A successor could not be started. Another one is tried unless `last`. */
  notStarted(reason: string, last: boolean): void;
}

const MAX_RESTART_MS = 5_000;

/** Keeps a thread alive that serves one model: watches it, replaces one that died or does not come back. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #events: KeeperEvents;
  #host: Host | null = null;
  #watch: SilenceWatch | null = null;
  #firstStartMs: number | null = null;
  #restartInMs: number;
  #restartTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: KeeperOptions, events: KeeperEvents) {
    this.#options = options;
    this.#events = events;
    this.#restartInMs = options.restartAfterMs;
  }

  /** Null while there is none. */
  get host(): Host | null {
    return this.#host;
  }

  /** @throws CodedError ENGINE_OPEN_FAILED */
  async open(): Promise<void> {
    const { setup, spawn, limits } = this.#options;
    const startedAtMs = performance.now();
    const events = {
      reply: (reply: Reply) => this.#events.reply(reply),
      died: (reason: string) => this.#lose("ENGINE_WORKER_DIED", reason),
    };
    const host = await startHost(setup, spawn, events, limits.start(this.#firstStartMs));
    if (this.#closed) {
      await host.stop();
      return;
    }
    this.#firstStartMs ??= performance.now() - startedAtMs;
    const limitMs = limits.run(host.slowestMs);
    this.#host = host;
    this.#watch = watchSilence(limitMs, () => {
      host.abandon();
      this.#lose("ENGINE_STALLED", `the inference has not returned for ${(limitMs / 1_000).toFixed(1)} s`);
    });
    this.#events.up(host);
  }

  /** The thread has work from now on, or has answered and has more. */
  working(): void {
    this.#watch?.working();
  }

  resting(): void {
    this.#watch?.resting();
  }

  /** It serves: the next restart comes quickly again. */
  serves(): void {
    this.#restartInMs = this.#options.restartAfterMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    this.#watch?.end();
    const host = this.#host;
    this.#host = null;
    await host?.stop();
  }

  #lose(code: "ENGINE_WORKER_DIED" | "ENGINE_STALLED", reason: string): void {
    this.#host = null;
    this.#watch?.end();
    this.#watch = null;
    this.#events.lost(code, reason, !this.#restartLater());
  }

  /** @returns whether there will be a next thread */
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
