import { maskText } from "../../config/mask.js";
import type { CameraState } from "../contract/payloads.js";
import type { AgentView } from "./view.js";

/** Something that keeps the agent from being ready. */
export interface Unready {
  /** `mqtt`, or `cameras.<id>`. */
  readonly what: string;
  readonly code: "BROKER_AWAY" | "CAMERA_NOT_DELIVERING";
  readonly reason: string;
}

/** `idle`: the line stands still, the camera is well. */
const delivering: ReadonlySet<CameraState> = new Set(["ok", "anomalous", "idle"]);

/** Empty when every enabled camera delivers and the broker is connected. */
export function unready({ cameras, broker }: AgentView): readonly Unready[] {
  const away: Unready = { what: "mqtt", code: "BROKER_AWAY", reason: "there is no connection to the broker" };
  return [
    ...(broker().connected ? [] : [away]),
    ...cameras.flatMap(({ config, enabled, standing }): Unready[] => {
      if (!enabled || delivering.has(standing.state)) return [];
      const reason = [standing.state, standing.reason].filter((part) => part !== null).join(": ");
      return [{ what: `cameras.${config.id}`, code: "CAMERA_NOT_DELIVERING", reason: maskText(reason) }];
    }),
  ];
}
