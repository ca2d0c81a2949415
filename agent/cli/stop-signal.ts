/** npm and npx hand on a Ctrl-C that the terminal has sent to what they run as well: what comes so soon is the same one. */
const SAME_MS = 1_000;

export interface StopSignalDeps {
  readonly nowMs: () => number;
  readonly end: () => void;
}

/** Not `process.exit`, which ends an inference in the midst by an abort of ONNX Runtime's binding, with a core dump. */
const ofThisProcess: StopSignalDeps = {
  nowMs: () => performance.now(),
  end: () => process.kill(process.pid, "SIGKILL"),
};

/**
 * Calls `stop` at the first SIGINT or SIGTERM. A later one ends the process at once.
 * @returns stops listening
 */
export function onStopSignal(
  stop: (signal: NodeJS.Signals) => void,
  { nowMs, end }: StopSignalDeps = ofThisProcess,
): () => void {
  let firstMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstMs === null) {
      firstMs = nowMs();
      stop(signal);
    } else if (nowMs() - firstMs > SAME_MS) {
      end();
    }
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return () => process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
}
