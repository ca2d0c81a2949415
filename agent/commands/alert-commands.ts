import { CodedError } from "../../errors.js";
import { type AlertPayload, stepOf } from "../contract/payloads.js";
import type { AlertStep } from "../types.js";
import type { CommandedCamera } from "./camera.js";
import { alertUnknown, cameraOf, cameraOfAlert, type Handlers, USUAL_LIMIT_MS } from "./handler.js";
import type { Settings } from "./settings.js";

export interface AlertCommandDeps {
  readonly cameras: readonly CommandedCamera[];
  readonly settings: Settings;
  /** An alert of the history as it was told last, null where it holds none. */
  readonly earlier: (id: string) => AlertPayload | null;
  /** Sends a step that no camera knows of. */
  readonly send: (step: AlertStep) => void;
  readonly wallMs: () => number;
}

/** `acknowledge` and `shelve` (ISA-18.2: an operator has seen it; an operator wants quiet, for a time that ends by itself). */
export function alertCommands({ cameras, settings, earlier, send, wallMs }: AlertCommandDeps): Handlers {
  const limitMs = () => USUAL_LIMIT_MS;
  /** One of a run before this, or of a flood. */
  const acknowledgeEarlier = (id: string, by: string | undefined): void => {
    const told = earlier(id);
    if (told === null) throw alertUnknown(id);
    const { by: _before, ...step } = stepOf(told);
    const acknowledged = {
      ...step,
      phase: "acknowledged",
      tsMs: wallMs(),
      ...(by === undefined ? {} : { by }),
    } as const;
    send(acknowledged);
  };
  return {
    acknowledge: {
      limitMs,
      run: ({ alert, by }) => {
        const id = String(alert);
        const whom = by as string | undefined;
        if (!cameras.some(({ alerts }) => alerts.acknowledge(id, whom))) acknowledgeEarlier(id, whom);
        return { alert: id };
      },
    },
    shelve: {
      limitMs,
      run: async (args) => {
        const id = args.alert === undefined ? null : String(args.alert);
        const camera = id === null ? cameraOf(cameras, args) : cameraOfAlert(cameras, id);
        const forMs = Number(args.minutes) * 60_000;
        const untilMs = wallMs() + forMs;
        // A single alert's id does not outlive the agent, so neither does its shelving.
        if (id === null) await settings.set("shelvedUntilMs", camera.config.id, forMs > 0 ? untilMs : undefined);
        if (forMs > 0) camera.alerts.shelve(id, forMs, args.by as string | undefined);
        else if (!camera.alerts.unshelve(id)) throw notShelved(id ?? camera.config.id);
        const subject = id === null ? {} : { alert: id };
        return { camera: camera.config.id, ...subject, until: forMs > 0 ? new Date(untilMs).toISOString() : null };
      },
    },
  };
}

function notShelved(what: string): CodedError {
  return new CodedError("NOT_SHELVED", `${what} is not shelved`, {
    at: "minutes",
    remedy: "Give the minutes to shelve it for; 0 ends a shelving.",
  });
}
