import { stuckThreads } from "../inference/stuck.js";
import { exitAtOnce } from "../kit/libc.js";

/**
 * Ends the process when its work is done, whatever still holds it: a camera's driver may, or an inference that has not returned. Node
 * joins its threads before it exits: it would wait for a stuck one for ever, and one that is inside ONNX Runtime aborts the process.
 * Past both goes C's own exit, which joins nothing, or else SIGKILL.
 */
export function endSurely(status: number): void {
  process.exitCode = status;
  if (stuckThreads() === 0) {
    // Where koffi is missing, Node's own end is as good as it gets.
    process.once("exit", (code) => leave(code, () => undefined));
    setTimeout(() => process.exit(), 300).unref();
    return;
  }
  leave(status, () => process.kill(process.pid, "SIGKILL"));
}

function leave(status: number, otherwise: () => void): void {
  try {
    exitAtOnce(status);
  } catch {
    otherwise();
  }
}
