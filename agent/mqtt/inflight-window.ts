/** Who sends: alerts, verdicts, the other messages, evidence. */
export type Lane = "alerts" | "verdicts" | "others" | "evidence";

/**
 * More in flight gains nothing: 10,000 alerts to a Mosquitto on the same machine took 1.7 to 4.3 s with 16, 32, 64 or 128, without a
 * trend; with one at a time, 3.2 to 4.7 s.
 */
const MOST = 64;
/** Kept free of alerts, so that a long queue of them holds up neither states nor evidence. */
const OTHERS = 4;
const EVIDENCE = 1;

/**
 * The QoS 1 packets that a broker takes before it has acknowledged one (MQTT 5, 3.2.2.3.3), shared out between the lanes.
 * One piece of evidence at a time: an alert waits behind no more than one picture.
 */
export class InflightWindow {
  readonly #size: number;
  readonly #taken: Record<Lane, number> = { alerts: 0, verdicts: 0, others: 0, evidence: 0 };
  readonly #limits: Readonly<Record<Lane, number>>;
  readonly #onFree: (lane: Lane) => void;
  #narrow = false;

  /** @param onFree called when a lane has given a slot back, whatever came of its packet: somebody may wait for it */
  constructor(receiveMaximum: number, onFree: (lane: Lane) => void) {
    this.#size = Math.max(1, Math.min(MOST, receiveMaximum));
    const alerts = Math.max(1, this.#size - OTHERS - EVIDENCE);
    // Half of it, so that an alert does not wait behind a queue of verdicts.
    const verdicts = Math.max(1, alerts >> 1);
    this.#limits = { alerts, verdicts, others: OTHERS, evidence: EVIDENCE };
    this.#onFree = onFree;
  }

  /** Whether one more may go; then its slot is to be given back. */
  take(lane: Lane): boolean {
    const { alerts, verdicts, others, evidence } = this.#taken;
    const size = this.#narrow ? 1 : this.#size;
    if (alerts + verdicts + others + evidence >= size || this.#taken[lane] >= this.#limits[lane]) return false;
    this.#taken[lane] += 1;
    return true;
  }

  giveBack(lane: Lane): void {
    this.#taken[lane] -= 1;
    this.#onFree(lane);
  }

  /** From now on one packet at a time, or, again, as many as the broker takes. */
  set narrow(narrow: boolean) {
    this.#narrow = narrow;
    if (!narrow) this.#onFree("others");
  }
}
