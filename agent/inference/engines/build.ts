import { type ChildProcess, fork } from "node:child_process";
import { messageOf } from "../../../errors.js";
import { within } from "../../kit/within.js";
import type { WorkerSetup } from "../protocol.js";
import type { BuildMessage } from "./build-messages.js";

export interface BuildOptions {
  /** Of one provider, and with a place for what it builds, or with what was built. */
  readonly setup: WorkerSetup;
  /** How long the build may take. */
  readonly limitMs: number;
  /** Ends the builder. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Extract<BuildMessage, { kind: "waiting" | "progress" }>) => void;
}

/** What of a builder's own output is kept for the reason of its failure. */
const MOST_OUTPUT = 2_000;

/** How long a builder may take to end, and its output to end after it: a child of it may have that, too. */
const MOST_END_MS = 10_000;
const MOST_OUTPUT_MS = 1_000;

/** Signals that others send: a stop of the whole service, and the kernel where memory runs out. */
const SENT: ReadonlySet<NodeJS.Signals> = new Set(["SIGHUP", "SIGINT", "SIGKILL", "SIGTERM"]);

/** A builder that ended by itself without a word: by a signal or a status, as native code does where it is wrong. */
export class BuilderCrashed extends Error {}

/** A builder that could not be run, or that another process ended: that says nothing of what it was at. */
export class BuilderLost extends Error {}

/**
 * Has an engine built, or tried, in a process of its own. It is gone when the promise settles, unless it waits in the kernel for a driver, where
 * nothing ends it: then it is given up.
 * @throws BuilderCrashed, BuilderLost, Error why there is no engine: the builder's own reason, or that it took too long
 */
export function buildEngine({ setup, limitMs, signal, onProgress }: BuildOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const builder = startBuilder();
    let output = "";
    let end: { readonly error: Error | null } | null = null;
    let lastWait: NodeJS.Timeout | undefined;
    const endSoon = (): void => {
      lastWait ??= setTimeout(() => {
        builder.kill("SIGKILL");
        if (builder.connected) builder.disconnect();
        builder.unref();
        finish();
      }, MOST_END_MS);
    };
    const stop = (reason: string): void => {
      end ??= { error: new Error(told(reason)) };
      builder.kill("SIGKILL");
      endSoon();
    };
    const limit = setTimeout(() => stop(`its build is not done after ${Math.round(limitMs / 1_000)} s`), limitMs);
    const abort = (): void => stop("its build was called off");
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    builder.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-MOST_OUTPUT);
    });
    builder.on("message", (message) => {
      const said = message as BuildMessage;
      if (said.kind === "waiting" || said.kind === "progress") {
        // Its time begins with its turn.
        if (said.kind === "waiting") limit.refresh();
        return onProgress(said);
      }
      end ??= { error: said.kind === "built" ? null : new Error(told(said.reason)) };
      // It ends once it is not needed any more.
      builder.disconnect();
      endSoon();
    });
    const finish = (): void => {
      clearTimeout(limit);
      clearTimeout(lastWait);
      signal.removeEventListener("abort", abort);
      builder.stderr?.destroy();
      const error = end?.error ?? null;
      if (error === null) resolve();
      else reject(error);
    };
    builder.on("error", (error) => {
      if (builder.pid !== undefined) return stop(`its builder cannot be talked to: ${messageOf(error)}`);
      // One that was never there does not end, either.
      end ??= { error: notRun(error) };
      finish();
    });
    const outputEnds = new Promise<void>((done) => builder.stderr?.once("close", done));
    // Not "close": that does not come to a child that was disconnected from (Node 20).
    builder.once("exit", (code, killedBy) => {
      void within(MOST_OUTPUT_MS, outputEnds).then(() => {
        end ??= { error: ended(code, killedBy, output) };
        finish();
      });
    });
    // Where there is no process the event says why.
    if (builder.pid === undefined) return;
    builder.send(setup, (error) => {
      if (error !== null) stop(`its builder cannot be told what to build: ${messageOf(error)}`);
    });
  });
}

/** @throws BuilderLost */
function startBuilder(): ChildProcess {
  try {
    return fork(new URL("./builder.js", import.meta.url), [], {
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
  } catch (error) {
    throw notRun(error);
  }
}

function notRun(error: unknown): BuilderLost {
  return new BuilderLost(told(`its builder cannot be run: ${messageOf(error)}`));
}

/** What the end of a builder that has said nothing means. */
function ended(status: number | null, killedBy: NodeJS.Signals | null, output: string): Error {
  const last = output.trim().split("\n").at(-1) ?? "";
  const how = killedBy === null ? `ended with status ${status}` : `was ended by ${killedBy}`;
  const text = told(`its builder ${how}${last === "" ? "" : `: ${last}`}`);
  return killedBy !== null && SENT.has(killedBy) ? new BuilderLost(text) : new BuilderCrashed(text);
}

function told(reason: string): string {
  return reason.split("\n", 1)[0]!.slice(0, 300);
}
