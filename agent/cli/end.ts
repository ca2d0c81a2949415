import { exitAtOnce } from "../capture/vision/ffi.js";
import { stuckThreads } from "../inference/stuck.js";

/**
 * Ends the process when its work is done, whatever still holds it: a camera's driver may. Node joins its threads before it
 * exits and would wait for a stuck one for ever, so then a signal ends it: SIGTERM, which a supervisor takes for a clean
 * end, or SIGKILL.
 */
export function endSurely(status: number): void {
  process.exitCode = status;
  if (stuckThreads() === 0) {
    process.once("exit", exitAtOnce);
    setTimeout(() => process.exit(), 300).unref();
    return;
  }
  const signal = status === 0 ? "SIGTERM" : "SIGKILL";
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
