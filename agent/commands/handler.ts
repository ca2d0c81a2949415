import { CodedError } from "../../errors.js";
import type { CommandedCamera } from "./camera.js";

/** The payload of a command that has passed its schema. */
export type Args = Readonly<Record<string, unknown>>;

/** The circumstances of a command. */
export interface Asked {
  /** The asker's name; null where it is not known. */
  readonly by: string | null;
  /** Aborted when the command took too long or the agent stops: nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export interface Handler {
  /**
   * @returns the `result` of the reply
   * @throws CodedError the `error` of the reply
   */
  readonly run: (args: Args, asked: Asked) => unknown;
  readonly limitMs: (args: Args) => number;
}

/** By the command's name. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The limit of commands that do not wait for pictures. */
export const USUAL_LIMIT_MS = 10_000;

/** @throws CodedError CAMERA_UNKNOWN */
export function cameraOf(cameras: readonly CommandedCamera[], args: Args): CommandedCamera {
  const found = cameras.find(({ config }) => config.id === args.camera);
  if (found !== undefined) return found;
  throw new CodedError("CAMERA_UNKNOWN", `there is no camera ${String(args.camera)}`, {
    at: "camera",
    remedy: `Name one of: ${cameras.map(({ config }) => config.id).join(", ")}.`,
  });
}

/** @throws CodedError CAMERA_DISABLED */
export function requireEnabled(camera: CommandedCamera): void {
  if (camera.enabled) return;
  throw new CodedError("CAMERA_DISABLED", `${camera.config.id} is disabled`, { at: "camera" });
}

/** The camera that an alert came from. @throws CodedError ALERT_UNKNOWN */
export function cameraOfAlert(cameras: readonly CommandedCamera[], alert: string): CommandedCamera {
  const found = cameras.find(({ alerts }) => alerts.life.find(alert) !== null);
  if (found !== undefined) return found;
  throw alertUnknown(alert);
}

export function alertUnknown(alert: string): CodedError {
  return new CodedError("ALERT_UNKNOWN", `no alert ${alert} is remembered`, {
    at: "alert",
    remedy:
      "To be shelved: one of the last 100 of a camera since the agent started; to be acknowledged: one of the history.",
  });
}
