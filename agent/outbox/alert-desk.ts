import { messageOf } from "../errors.js";
import { type AlertPayload, alertPayload } from "../mqtt/payloads.js";
import { topics } from "../mqtt/topics.js";
import type { AlertStep, Message } from "../types.js";
import type { AlertSequence } from "./alert-sequence.js";

export interface AlertDetails {
  readonly calibration: string | null;
}

/** Where alerts get their `seq` and go out in its order. The durable outbox takes this place. */
export interface AlertDesk {
  accept(step: AlertStep, details: AlertDetails): void;
  /** Alerts that got no number, so could not be sent, since the start. */
  lost(): number;
}

export interface AlertDeskDeps {
  readonly sequence: AlertSequence;
  readonly publish: (message: Message) => Promise<void>;
  /** Told of each alert as it goes out. */
  readonly onNumbered: (alert: AlertPayload) => void;
  readonly onLost: (reason: string) => void;
}

export function openAlertDesk({ sequence, publish, onNumbered, onLost }: AlertDeskDeps): AlertDesk {
  let lost = 0;
  return {
    accept(step, { calibration }) {
      sequence
        .next()
        .then((seq) => {
          const payload = alertPayload(step, { seq, calibration });
          onNumbered(payload);
          return publish({ topic: topics.alert(step.camera), payload, qos: 1, retain: false });
        })
        .catch((error: unknown) => {
          lost += 1;
          onLost(messageOf(error));
        });
    },
    lost: () => lost,
  };
}
