import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { killGroup, survivorsOf } from "./processes.js";
import { tallyOf } from "./tally.js";

/** How long a test file may take. */
export interface Limits {
  /** From start to exit. */
  readonly fileMs: number;
  /** From the tests' summary to exit: a file that stays longer holds a handle open. */
  readonly lingerMs: number;
}

export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What went wrong beside failing tests. */
  readonly faults: readonly string[];
  /** stdout and stderr in the order they came. */
  readonly output: string;
  readonly ms: number;
}

const running = new Set<number>();

/** Ends every test that is still running, with its own child processes. */
export function killAll(): void {
  for (const group of running) killGroup(group);
}

/** Runs one compiled test file in a process of its own. */
export async function execute(script: string, limits: Limits, env: NodeJS.ProcessEnv): Promise<FileResult> {
  const begun = Date.now();
  const probe = new URL("./probe.js", import.meta.url).href;
  // A process group of its own: whatever the test starts can be found and ended with it.
  const child = spawn(process.execPath, ["--import", probe, script], {
    // As the agent's own entry has it: a silent camera holds a thread.
    env: { UV_THREADPOOL_SIZE: "64", ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const group = child.pid;
  if (group !== undefined) running.add(group);
  const faults: string[] = [];
  let output = "";
  let linger: NodeJS.Timeout | undefined;
  let cleared: Promise<void> = Promise.resolve();

  const stop = async (fault: string): Promise<void> => {
    faults.push(fault);
    if (group === undefined) return;
    // The probe answers with what holds the process open, if its event loop still turns.
    child.kill("SIGUSR2");
    await sleep(300);
    killGroup(group);
  };
  const limit = setTimeout(() => void stop(`still running after ${limits.fileMs / 1000} s`), limits.fileMs);
  const collect = (chunk: string): void => {
    output += chunk;
    if (linger !== undefined || tallyOf(output).summaries === 0) return;
    const fault = `its process did not end within ${limits.lingerMs / 1000} s of its tests: a handle was leaked`;
    linger = setTimeout(() => void stop(fault), limits.lingerMs);
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);

  const ended = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (status, signal) => resolve(signal === null ? `exit status ${status}` : `ended by ${signal}`));
    child.once("exit", () => {
      clearTimeout(limit);
      if (group !== undefined) cleared = endSurvivors(group, faults);
    });
  });
  clearTimeout(limit);
  clearTimeout(linger);
  await cleared;
  if (group !== undefined) running.delete(group);

  const { total, passed, skipped, summaries } = tallyOf(output);
  if (summaries === 0) faults.push(`ended without a summary (${ended})`);
  else if (total === 0 && skipped === 0) faults.push("has no tests");
  else if (ended !== "exit status 0" && total === passed && faults.length === 0) faults.push(ended);
  const failedTests = total - passed;
  return {
    passed,
    failed: failedTests > 0 ? failedTests : Math.min(1, faults.length),
    skipped,
    faults,
    output,
    ms: Date.now() - begun,
  };
}

/** Processes that the test left behind would hold its pipes, and with them the wait for `close`, open. */
async function endSurvivors(group: number, faults: string[]): Promise<void> {
  const survivors = await survivorsOf(group);
  if (survivors.length === 0) return;
  faults.push(`left processes running: ${survivors.join(", ")}`);
  killGroup(group);
}
