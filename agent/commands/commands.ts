import type { RunningCamera } from "../cameras.js";
import { CodedError } from "../errors.js";
import { alertCommands } from "./alert-commands.js";
import { calibrateCommand } from "./calibrate.js";
import { cameraCommands } from "./camera-commands.js";
import { type Handlers, USUAL_LIMIT_MS } from "./handler.js";
import type { Settings } from "./settings.js";
import { snapshotCommand } from "./snapshot.js";

/** What a person says of an alert's frame. */
export type FeedbackVerdict = "defect" | "not_a_defect";

/** Keeps an alert's raw frame for training. @returns where. @throws CodedError */
export type KeepForFeedback = (alert: string, verdict: FeedbackVerdict) => Promise<string>;

export interface CommandDeps {
  readonly cameras: readonly RunningCamera[];
  readonly settings: Settings;
  readonly status: () => Promise<object>;
  readonly keepForFeedback: KeepForFeedback | undefined;
  readonly wallMs: () => number;
}

/** The contract's commands. */
export function commandHandlers({ cameras, settings, status, keepForFeedback, wallMs }: CommandDeps): Handlers {
  const limitMs = () => USUAL_LIMIT_MS;
  return {
    ...cameraCommands(cameras, settings),
    ...alertCommands({ cameras, settings, wallMs }),
    calibrate: calibrateCommand(cameras, settings),
    snapshot: snapshotCommand(cameras),
    status: { limitMs, run: () => status() },
    feedback: {
      limitMs,
      run: async ({ alert, verdict }) => {
        if (keepForFeedback === undefined) {
          throw new CodedError("FEEDBACK_UNAVAILABLE", "this agent keeps no raw frames", {
            at: "alert",
            remedy: "Let it keep evidence.",
          });
        }
        const kept = await keepForFeedback(String(alert), verdict as FeedbackVerdict);
        return { alert, verdict, kept };
      },
    },
  };
}
