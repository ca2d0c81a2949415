// How set-up talks: one line a step, everything a failed command said, nothing else.
import { spawnSync } from "node:child_process";

/** A set-up step that cannot be done; its message is all that the user needs. */
export class SetupError extends Error {}

/** One line for the person at the terminal; on stderr, so that stdout stays the program's own. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * Runs a command quietly, naming what is done and why.
 * @throws {SetupError} with the command's whole output if it fails
 */
export function step(title, command, args, options = {}) {
  say(`${title} ...`);
  const begun = Date.now();
  const result = attempt(command, args, options);
  if (!result.ok) {
    process.stderr.write(result.output);
    const remedy = options.remedy === undefined ? "" : `\n        ${options.remedy}`;
    throw new SetupError(`FAILED: ${title}\n        ${[command, ...args].join(" ")}: ${result.ended}${remedy}`);
  }
  say(`  done in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}

/**
 * Runs a command and tells how it ended; never throws.
 * @returns {{ok: boolean, output: string, ended: string}} `output` is stdout followed by stderr
 */
export function attempt(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}`,
    ended: result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit status ${result.status}`),
  };
}
