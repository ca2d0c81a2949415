import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Told } from "./told.js";

export interface CampaignOptions {
  readonly kind: string;
  readonly seed: number;
  readonly from?: number;
  readonly inputs: number;
  /** No word from the worker for so long: it hangs. */
  readonly silenceMs?: number;
  readonly maxRssMb?: number;
  readonly onProgress?: (tried: number) => void;
}

export interface Found {
  readonly index: number;
  readonly what: string;
  readonly input: string;
}

export interface CampaignResult {
  readonly kind: string;
  readonly seed: number;
  readonly tried: number;
  /** How many inputs had each verdict: `taken`, or a code. */
  readonly verdicts: ReadonlyMap<string, number>;
  readonly findings: readonly Found[];
  /** Of the resident memory, over half of the way, after a garbage collection. */
  readonly growthMb: number;
  readonly seconds: number;
}

const MOST_FINDINGS = 20;

/** Tries that many inputs of one kind in processes that may crash, hang or grow: each of these is a finding and ends none. */
export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { kind, seed, inputs, from = 0 } = options;
  const begunMs = performance.now();
  const to = from + inputs;
  const verdicts = new Map<string, number>();
  const findings: Found[] = [];
  const samples: (readonly [index: number, rssMb: number])[] = [];
  let next = from;
  while (next < to && findings.length < MOST_FINDINGS) {
    let at = next;
    let ended = false;
    const fate = await life(options, next, to, (told) => {
      if (told.kind === "at") at = told.index;
      else if (told.kind === "done") verdicts.set(told.verdict, (verdicts.get(told.verdict) ?? 0) + 1);
      else if (told.kind === "memory") samples.push([told.index, told.rssMb]);
      else if (told.kind === "finding") findings.push(told);
      else ended = true;
      if ((at - from) % 1_000 === 0 && told.kind === "at") options.onProgress?.(at - from);
    });
    if (!ended) {
      findings.push({ index: at, what: fate, input: "see --from" });
      // Samples of another process would tell nothing.
      samples.length = 0;
    }
    next = ended ? to : at + 1;
  }
  return {
    kind,
    seed,
    tried: next - from,
    verdicts,
    findings,
    growthMb: growth(samples, from, to),
    seconds: (performance.now() - begunMs) / 1_000,
  };
}

/** One worker's life, and how it ended. */
function life(
  { kind, seed, silenceMs = 60_000, maxRssMb = 3_000 }: CampaignOptions,
  from: number,
  to: number,
  heard: (told: Told) => void,
): Promise<string> {
  const script = fileURLToPath(new URL("./worker.js", import.meta.url));
  const args = ["--expose-gc", script, kind, String(seed), String(from), String(to)];
  const child = spawn(process.execPath, args, {
    // As few heaps as can be: what glibc keeps of each would hide what is lost.
    env: { ...process.env, UV_THREADPOOL_SIZE: "4", MALLOC_ARENA_MAX: "1" },
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  let killedFor: string | null = null;
  const kill = (reason: string) => {
    killedFor ??= reason;
    child.kill("SIGKILL");
  };
  let silence = setTimeout(() => undefined, 0);
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => kill(`hung: nothing for ${silenceMs / 1_000} s`), silenceMs);
  };
  listen();
  const memory = setInterval(() => {
    const rssMb = rssMbOf(child);
    if (rssMb > maxRssMb) kill(`grew to ${Math.round(rssMb)} MB`);
  }, 100);
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    listen();
    heard(JSON.parse(line) as Told);
  });
  return new Promise((resolve) => {
    child.once("close", (status, signal) => {
      clearTimeout(silence);
      clearInterval(memory);
      resolve(killedFor ?? `crashed: ${signal ?? `status ${status}`}: ${said.trim()}`);
    });
  });
}

function rssMbOf({ pid }: ChildProcess): number {
  try {
    // proc(5): statm, in pages of 4 KiB.
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4_096) / 1_048_576;
  } catch {
    // It has just ended.
    return 0;
  }
}

/** Between the middles of the second and of the last quarter: a single sample may meet a large picture. */
function growth(samples: readonly (readonly [number, number])[], from: number, to: number): number {
  const between = (a: number, b: number) =>
    samples
      .filter(([index]) => index - from > (to - from) * a && index - from <= (to - from) * b)
      .map(([, rssMb]) => rssMb);
  const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  const [early, late] = [median(between(0.25, 0.5)), median(between(0.75, 1))];
  return early === undefined || late === undefined ? 0 : late - early;
}
