import { fork } from "node:child_process";
import { messageOf } from "../../../errors.js";
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

/** A builder that ended without a word: by a signal, as native code does where it is wrong. */
export class BuilderCrashed extends Error {}

/**
 * Has an engine built, or tried, in a process of its own; it is gone when the promise settles.
 * @throws BuilderCrashed, Error why there is no engine: the builder's own reason, the signal that it died of, or that it took too long
 */
export function buildEngine({ setup, limitMs, signal, onProgress }: BuildOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const builder = fork(new URL("./builder.js", import.meta.url), [], {
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let output = "";
    let end: { readonly reason: string | null } | null = null;
    const stop = (reason: string): void => {
      end ??= { reason };
      builder.kill("SIGKILL");
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
      end ??= { reason: said.kind === "built" ? null : said.reason };
      // It ends once it is not needed any more.
      builder.disconnect();
    });
    const finish = (how: string): void => {
      clearTimeout(limit);
      signal.removeEventListener("abort", abort);
      const last = output.trim().split("\n").at(-1) ?? "";
      if (end === null) reject(new BuilderCrashed(told(`its builder ${how}${last === "" ? "" : `: ${last}`}`)));
      else if (end.reason === null) resolve();
      else reject(new Error(told(end.reason)));
    };
    builder.on("error", (error) => {
      // One that was never there does not end, either.
      if (builder.pid === undefined) finish(`cannot be run: ${messageOf(error)}`);
      else stop(`its builder cannot be talked to: ${messageOf(error)}`);
    });
    const silent = new Promise<void>((done) => builder.stderr?.once("close", done));
    // Not "close": that does not come to a child that was disconnected from (Node 20).
    builder.once("exit", (code, killedBy) => {
      void silent.then(() => finish(killedBy === null ? `ended with status ${code}` : `was ended by ${killedBy}`));
    });
    builder.send(setup, (error) => {
      if (error !== null) stop(`its builder cannot be told what to build: ${messageOf(error)}`);
    });
  });
}

function told(reason: string): string {
  return reason.split("\n", 1)[0]!.slice(0, 300);
}
