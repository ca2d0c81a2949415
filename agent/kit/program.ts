import { execFile } from "node:child_process";

export interface AskLimits {
  readonly limitMs: number;
  /** Of what it prints. */
  readonly mostBytes?: number;
}

/** How a program ended by itself, and what it printed. */
export interface ProgramEnd {
  readonly status: number;
  readonly output: string;
}

const MOST_BYTES = 65_536;
/** Programs that were given up and have not ended: each more that waits in the kernel would stay, too. */
const givenUp = new Set<string>();

/**
 * Asks a program something, in the C locale. Settles in time whatever becomes of it: one that ignores signals, that waits in the kernel for a driver
 * where nothing ends it, or that leaves its output to a child is given up, and keeps this process from nothing.
 * It is not run again before it has ended.
 * @throws Error where it cannot be run, is ended by a signal, prints too much, is not done in time, or was not the last time and still runs
 */
export function endOf(
  program: string,
  args: readonly string[],
  { limitMs, mostBytes = MOST_BYTES }: AskLimits,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    if (givenUp.has(program)) throw new Error(`${program} was given up and has not ended yet`);
    const env = { ...process.env, LC_ALL: "C" };
    const child = execFile(program, args, { env, maxBuffer: mostBytes, killSignal: "SIGKILL" }, (error, output) => {
      clearTimeout(limit);
      if (error === null) resolve({ status: 0, output });
      else if (typeof error.code === "number") resolve({ status: error.code, output });
      else reject(error);
    });
    const limit = setTimeout(() => {
      // One that left its output to a child has ended.
      if (child.exitCode === null && child.signalCode === null) {
        givenUp.add(program);
        child.once("exit", () => givenUp.delete(program));
      }
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      reject(new Error(`${program} has not answered for ${limitMs / 1_000} s`));
    }, limitMs);
  });
}

/** What a program prints. @throws Error of endOf, and where it ends with another status than 0 */
export async function outputOf(program: string, args: readonly string[], limits: AskLimits): Promise<string> {
  const { status, output } = await endOf(program, args, limits);
  if (status !== 0) throw new Error(`${program} ended with status ${status}`);
  return output;
}
