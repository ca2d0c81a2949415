import type { Resolution } from "../kit/sharpest.js";
import type { FeedbackVerdict } from "../types.js";
import { type AlertCommandDeps, alertCommands } from "./alert-commands.js";
import { calibrateCommand } from "./calibrate.js";
import { type CameraCommandDeps, cameraCommands } from "./camera-commands.js";
import { cameraOf, type Handlers, USUAL_LIMIT_MS } from "./handler.js";
import { inspectCommand } from "./inspect.js";
import { snapshotCommand } from "./snapshot.js";

export interface CommandDeps extends AlertCommandDeps, CameraCommandDeps {
  readonly status: () => Promise<object>;
  readonly runSelfTests: () => Promise<void>;
  readonly evidence: {
    /** Keeps the raw frame of an alert for training. @throws CodedError FEEDBACK_*, EVIDENCE_OFF */
    keepForFeedback(alertId: string, verdict: FeedbackVerdict): Promise<KeptForTraining>;
    /** The same of a part, by its verdict's `seq`. */
    keepPartForFeedback(camera: string, seq: number, verdict: FeedbackVerdict): Promise<KeptForTraining>;
  };
}

interface KeptForTraining {
  readonly path: string;
  /** In whose pixels it is; null where nobody noted it. */
  readonly size: Resolution | null;
}

/** Golden pictures go one at a time, behind the line's frames. */
const SELF_TEST_LIMIT_MS = 60_000;

/** The contract's commands. */
export function commandHandlers(deps: CommandDeps): Handlers {
  const { cameras, status, runSelfTests, evidence } = deps;
  const limitMs = () => USUAL_LIMIT_MS;
  return {
    ...cameraCommands(deps),
    ...alertCommands(deps),
    calibrate: calibrateCommand(deps),
    inspect: inspectCommand(cameras),
    snapshot: snapshotCommand(cameras),
    status: {
      limitMs: ({ selfTest }) => (selfTest === true ? SELF_TEST_LIMIT_MS : USUAL_LIMIT_MS),
      run: async ({ selfTest }) => {
        if (selfTest === true) await runSelfTests();
        return status();
      },
    },
    feedback: {
      limitMs,
      run: async (args) => {
        const { alert, seq } = args;
        const verdict = args.verdict as FeedbackVerdict;
        if (alert !== undefined) {
          const { path, size } = await evidence.keepForFeedback(String(alert), verdict);
          return { alert, verdict, kept: path, size };
        }
        const { id } = cameraOf(cameras, args).config;
        const { path, size } = await evidence.keepPartForFeedback(id, Number(seq), verdict);
        return { camera: id, seq, verdict, kept: path, size };
      },
    },
  };
}
