import { CodedError } from "../../errors.js";
import { stepOf } from "../contract/alert-payload.js";
import { type AlertPayload, timestamp } from "../contract/payloads.js";
import type { AlertStep } from "../types.js";
import type { CommandedCamera } from "./camera.js";
import { alertUnknown, cameraOf, cameraOfAlert, type Handlers, USUAL_LIMIT_MS } from "./handler.js";
import type { Shelvings } from "./shelvings.js";

export interface AlertCommandDeps {
  readonly cameras: readonly CommandedCamera[];
  readonly shelvings: Pick<Shelvings, "shelve" | "unshelve">;
  /** The latest step of an alert of the history, null where it holds none. */
  readonly earlier: (id: string) => AlertPayload | null;
  /** Sends a step that no camera knows of. */
  readonly send: (step: AlertStep) => void;
  readonly wallMs: () => number;
}

/** `acknowledge` and `shelve` (ISA-18.2: an operator has seen it; an operator wants quiet, for a time that ends by itself). */
export function alertCommands({ cameras, shelvings, earlier, send, wallMs }: AlertCommandDeps): Handlers {
  const limitMs = () => USUAL_LIMIT_MS;
  /** One of a run before this, or of a flood. */
  const acknowledgeEarlier = (id: string, by: string | null): void => {
    const latest = earlier(id);
    if (latest === null) throw alertUnknown(id);
    const { by: _before, clock: _then, ...step } = stepOf(latest);
    const acknowledged = {
      ...step,
      phase: "acknowledged",
      tsMs: wallMs(),
      ...(by === null ? {} : { by }),
    } as const;
    send(acknowledged);
  };
  return {
    acknowledge: {
      limitMs,
      run: ({ alert }, { by }) => {
        const id = String(alert);
        if (!cameras.some(({ alerts }) => alerts.acknowledge(id, by ?? undefined))) acknowledgeEarlier(id, by);
        return { alert: id };
      },
    },
    shelve: {
      limitMs,
      run: async (args, { by }) => {
        const forMs = Number(args.minutes) * 60_000;
        if (args.alert === undefined) {
          const camera = cameraOf(cameras, args);
          const { id } = camera.config;
          if (forMs > 0) return { camera: id, until: timestamp(await shelvings.shelve(camera, forMs, by)) };
          if (!(await shelvings.unshelve(camera))) throw notShelved(id);
          return { camera: id, until: null };
        }
        // A single alert's id does not outlive the agent, so neither does its shelving.
        const alert = String(args.alert);
        const { config, alerts } = cameraOfAlert(cameras, alert);
        if (forMs > 0) alerts.shelve(alert, forMs, by ?? undefined);
        else if (!alerts.unshelve(alert)) throw notShelved(alert);
        return { camera: config.id, alert, until: forMs > 0 ? timestamp(wallMs() + forMs) : null };
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
