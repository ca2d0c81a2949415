import { exitAtOnce } from "../capture/vision/ffi.js";
import { stuckThreads } from "../inference/stuck.js";

/**
 * Ends the process when its work is done, whatever still holds it: a camera's driver may. Node joins its threads before it
 * exits and would wait for a stuck one for ever: past that one goes C's own exit, or else SIGKILL.
 */
export function endSurely(status: number): void {
  process.exitCode = status;
  if (stuckThreads() === 0) {
    process.once("exit", (code) => exitAtOnce(code));
    setTimeout(() => process.exit(), 300).unref();
    return;
  }
  try {
    exitAtOnce(status, { surely: true });
  } catch {
    process.kill(process.pid, "SIGKILL");
  }
}
