import { backoffMs } from "../kit/backoff.js";

/** How a connection, or the try at one, ended. */
export type Ending =
  | { readonly kind: "never-up" }
  | {
      readonly kind: "lost";
      readonly upMs: number;
      /** The broker answered at least one packet. */
      readonly acknowledged: boolean;
      /** MQTT 5, reason 142: another client connected under our id. */
      readonly takenOver: boolean;
      /** The broker closed the connection without a word. */
      readonly unexplained: boolean;
    };

/**
 * So many connections in a row that were accepted, used and soon closed without a word, none refused between: a second agent, most
 * likely. MQTT 3.1.1 has no word for it, and Mosquitto 2.0 does not say it on 5 either.
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
    if (ending.kind === "lost" && ending.acknowledged) this.#attempts = 0;
    if (ending.kind === "lost" && ending.upMs >= HEALED_MS) this.#takings = 0;
    const soon = ending.kind === "lost" && ending.unexplained && ending.acknowledged && ending.upMs < SOON_MS;
    this.#soonLost = soon ? this.#soonLost + 1 : 0;
    if ((ending.kind === "lost" && ending.takenOver) || this.#soonLost >= IN_A_ROW) {
      this.#soonLost = 0;
      const full = Math.min(TAKEN_MOST_MS, TAKEN_MS * 2 ** this.#takings);
      this.#takings = Math.min(10, this.#takings + 1);
      return { waitMs: full * (0.5 + this.#random()), idTaken: true };
    }
    this.#attempts += 1;
    return { waitMs: backoffMs(this.#attempts, this.#random), idTaken: false };
  }
}
