import { Worker } from "node:worker_threads";
// libvips must be loaded by the main thread first, or it is unloaded under the process when the worker ends (sharp's manual).
import "../../models/pictures/images.js";
import { messageOf } from "../../errors.js";
import { within } from "../kit/within.js";
import type { Reply, Request } from "./protocol.js";
import type { Picture, Subject } from "./subject.js";

export type MakeFailure =
  /** It took longer than a picture may hold its alert up. */
  | "timeout"
  /** Too many wait already. */
  | "busy"
  /** The subject cannot be drawn. */
  | "render"
  /** The thread died over it. */
  | "thread"
  | "stopped";

export type Made =
  | { readonly kind: "made"; readonly picture: Picture }
  | { readonly kind: "failed"; readonly reason: MakeFailure; readonly message: string };

/** Draws evidence, somewhere else than on the main thread. Held by test/contracts/evidence-maker.ts. */
export interface EvidenceMaker {
  /** Never rejects, and settles within a second. The subject is only read. */
  make(subject: Subject): Promise<Made>;
  /** What is being drawn is finished if it is quick, else failed. Safe to call twice. */
  close(): Promise<void>;
}

/** The part of a worker thread that the maker uses; faked in tests. */
export interface Thread {
  postMessage(request: Request, transfer: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (reply: Reply) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

export interface MakerOptions {
  /** Of the JPEG, 1 to 100. */
  readonly quality: number;
  /** Told when the thread died and is started again. */
  readonly onRestart?: (reason: string) => void;
  readonly spawn?: () => Thread;
  /** What a picture may hold its alert up. */
  readonly timeoutMs?: number;
  /** A thread that is silent for so long over one picture is ended and started again. */
  readonly hungAfterMs?: number;
}

/** Pictures that wait for the thread at once, each for a second at most. */
const MAX_WAITING = 8;
const RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;
/** What a close gives the pictures that are on their way, and then the thread to end. */
const GRACE_MS = 400;

const spawnWorker = (): Thread => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { name: "retort-evidence" });
  // An agent that could not be started ends without closing it. Before it is online, unref does nothing.
  worker.once("online", () => worker.unref());
  return worker;
};

export function openEvidenceMaker(options: MakerOptions): EvidenceMaker {
  const maker = new ThreadMaker(options);
  maker.start();
  return maker;
}

interface Job {
  readonly subject: Subject;
  readonly settle: (made: Made) => void;
}

class ThreadMaker implements EvidenceMaker {
  readonly #options: MakerOptions;
  readonly #waiting: Job[] = [];
  #current: { readonly id: number; readonly job: Job; readonly hung: NodeJS.Timeout } | null = null;
  #thread: Thread | null = null;
  #exited: Promise<void> = Promise.resolve();
  #restartTimer: NodeJS.Timeout | undefined;
  #restartInMs = RESTART_MS;
  #nextId = 1;
  #closing: Promise<void> | null = null;
  #onIdle: () => void = () => undefined;

  constructor(options: MakerOptions) {
    this.#options = options;
  }

  start(): void {
    const thread = (this.#options.spawn ?? spawnWorker)();
    this.#thread = thread;
    let reason = "";
    thread.on("message", (reply) => this.#onReply(reply));
    thread.on("error", (error) => {
      reason = messageOf(error);
    });
    this.#exited = new Promise((resolve) => {
      thread.on("exit", (code) => {
        this.#onExit(reason || `the evidence thread ended with status ${code}`);
        resolve();
      });
    });
    this.#dispatch();
  }

  make(subject: Subject): Promise<Made> {
    if (this.#closing !== null) return Promise.resolve(failed("stopped", "the agent is stopping"));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.resolve(failed("busy", `${MAX_WAITING} pictures wait to be drawn`));
    }
    return new Promise((resolve) => {
      const limitMs = this.#options.timeoutMs ?? 1_000;
      const timer = setTimeout(() => job.settle(failed("timeout", `it took longer than ${limitMs} ms`)), limitMs);
      const job: Job = {
        subject,
        settle: (made) => {
          clearTimeout(timer);
          const at = this.#waiting.indexOf(job);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve(made);
        },
      };
      this.#waiting.push(job);
      this.#dispatch();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restartTimer);
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    if (this.#thread !== null && this.#current !== null) await within(GRACE_MS, idle);
    for (const { settle } of [...this.#waiting]) settle(failed("stopped", "the agent is stopping"));
    this.#current?.job.settle(failed("stopped", "the agent is stopping"));
    const thread = this.#thread;
    if (thread === null) return;
    thread.postMessage({ kind: "stop" }, []);
    if (!(await within(GRACE_MS, this.#exited))) await thread.terminate();
  }

  /** One at a time: the thread draws no sooner for having more, and what waits here can still be given up. */
  #dispatch(): void {
    const thread = this.#thread;
    if (thread === null || this.#current !== null) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#onIdle();
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const hungAfterMs = this.#options.hungAfterMs ?? 5_000;
    const hung = setTimeout(() => void thread.terminate(), hungAfterMs);
    this.#current = { id, job, hung };
    // Others hold the frame and the batch that the map is cut from: the thread gets copies, which are its own.
    const pixels = job.subject.pixels.slice();
    const map = job.subject.map.slice();
    const subject = { ...job.subject, pixels, map };
    thread.postMessage({ kind: "render", id, subject, quality: this.#options.quality }, [pixels.buffer, map.buffer]);
  }

  #onReply(reply: Reply): void {
    const current = this.#current;
    if (current === null || reply.id !== current.id) return;
    clearTimeout(current.hung);
    this.#current = null;
    this.#restartInMs = RESTART_MS;
    const { settle } = current.job;
    if (reply.kind === "rendered") settle({ kind: "made", picture: reply.picture });
    else settle(failed("render", reply.reason));
    this.#dispatch();
  }

  #onExit(reason: string): void {
    this.#thread = null;
    const current = this.#current;
    this.#current = null;
    if (current !== null) {
      clearTimeout(current.hung);
      current.job.settle(failed("thread", reason));
    }
    if (this.#closing !== null) {
      this.#onIdle();
      return;
    }
    this.#options.onRestart?.(reason);
    const waitMs = this.#restartInMs;
    this.#restartInMs = Math.min(waitMs * 2, MAX_RESTART_MS);
    this.#restartTimer = setTimeout(() => this.start(), waitMs);
  }
}

function failed(reason: MakeFailure, message: string): Made {
  return { kind: "failed", reason, message };
}
