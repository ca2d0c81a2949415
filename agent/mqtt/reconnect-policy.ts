import { CodedError, type ErrorCode } from "../../errors.js";
import { backoffMs } from "../kit/backoff.js";
import type { ConnectionLoss } from "./client.js";

/** How a connection, or the try at one, ended. */
export type Ending =
  | { readonly kind: "never-up"; readonly code: ErrorCode }
  | {
      readonly kind: "lost";
      readonly upMs: number;
      /** The broker answered at least one packet. */
      readonly answered: boolean;
      readonly effect: ConnectionLoss["effect"];
      /** The same packet was unanswered as at the end of the connection before: see hang-ups.ts. */
      readonly suspect: boolean;
      /** An alert is to blame that is not given up. */
      readonly blocked: boolean;
    };

/** A broker that answers so is not helped by a client that comes back every few seconds. */
const PATIENCE_ASKED: readonly ErrorCode[] = ["MQTT_BANNED", "MQTT_LIMIT_EXCEEDED"];
const ASKED_MS = 60_000;

/**
 * So many connections in a row that were accepted, used and soon closed without a word, none refused between, and not on the same packet:
 * a second agent, most likely. MQTT 3.1.1 has no word for it, and Mosquitto 2.0 does not say it on 5 either.
 */
const SOON_MS = 5_000;
const IN_A_ROW = 4;
/** A minute at first, doubling up to a quarter of an hour. */
const TAKEN_MS = 60_000;
const TAKEN_MOST_MS = 900_000;
const HEALED_MS = 1_200_000;

/** How long to wait before the next connection. */
export class ReconnectPolicy {
  readonly #random: () => number;
  #attempts = 0;
  #soonLost = 0;
  #takings = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Two agents of one id throw each other out for ever if each comes back at once; so each stays away for minutes, and not for
   * the same time, which leaves the line to one of them for most of it.
   */
  after(ending: Ending): { readonly waitMs: number; readonly idTaken: boolean } {
    if (ending.kind === "never-up") {
      this.#soonLost = 0;
      return PATIENCE_ASKED.includes(ending.code) ? this.#asked() : this.#soon();
    }
    const { upMs, answered, effect, suspect, blocked } = ending;
    if (upMs >= HEALED_MS) this.#takings = 0;
    const hungUp = effect === "hung-up" && answered && upMs < SOON_MS;
    // With a suspect it is open whether the packet or another client was the reason.
    if (!suspect) this.#soonLost = hungUp ? this.#soonLost + 1 : 0;
    if (effect === "taken-over" || this.#soonLost >= IN_A_ROW) return this.#taken();
    if (answered && !suspect) this.#attempts = 0;
    return blocked || effect === "wait" || effect === "no-qos" ? this.#asked() : this.#soon();
  }

  #soon(): { waitMs: number; idTaken: boolean } {
    this.#attempts += 1;
    return { waitMs: backoffMs(this.#attempts, this.#random), idTaken: false };
  }

  #asked(): { waitMs: number; idTaken: boolean } {
    return { waitMs: ASKED_MS * (0.5 + this.#random() / 2), idTaken: false };
  }

  #taken(): { waitMs: number; idTaken: boolean } {
    this.#soonLost = 0;
    const fullMs = Math.min(TAKEN_MOST_MS, TAKEN_MS * 2 ** this.#takings);
    this.#takings = Math.min(10, this.#takings + 1);
    return { waitMs: fullMs * (0.5 + this.#random()), idTaken: true };
  }
}

/** That two clients of one id throw each other out. @param at the broker's address */
export function taken(clientId: string, waitMs: number, at: string): CodedError {
  const minutes = Math.round(waitMs / 6_000) / 10;
  return new CodedError("MQTT_ID_TAKEN", `another client connects as ${clientId}; trying again in ${minutes} min`, {
    at,
  });
}
