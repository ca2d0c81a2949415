/** What a number says about the numbers before it. */
export type SeqNews =
  | { readonly kind: "next" }
  /** It was heard before: at least once is what the agent promises. */
  | { readonly kind: "repeated" }
  /** Numbers between were not heard. @property away the listener was not connected meanwhile */
  | { readonly kind: "gap"; readonly from: number; readonly to: number; readonly away: boolean }
  /** The agent counts anew: its state was replaced. */
  | { readonly kind: "anew"; readonly before: number };

/** So many of a counter's latest numbers are known again. */
const KNOWN_AGAIN = 256;

interface Counter {
  highest: number;
  /** The time of the message with the highest number, RFC 3339. */
  ts: string;
  away: boolean;
  /** Number to time, in the order of hearing. */
  readonly known: Map<number, string>;
}

/** The numbers that an agent's alerts, and each camera's verdicts, carry without gaps. */
export class SeqTracker {
  readonly #counters = new Map<string, Counter>();

  /**
   * @param counter whose number it is
   * @param ts of the message, RFC 3339 UTC: texts that sort as the times do
   */
  heard(counter: string, seq: number, ts: string): SeqNews {
    const known = this.#counters.get(counter);
    if (known === undefined) {
      this.#counters.set(counter, { highest: seq, ts, away: false, known: new Map([[seq, ts]]) });
      return { kind: "next" };
    }
    const { highest, away } = known;
    if (known.known.get(seq) === ts) return { kind: "repeated" };
    // Older than what is known: it comes late, from before the first that was heard.
    if (seq < highest && ts <= known.ts) return { kind: "next" };
    if (seq <= highest) {
      known.known.clear();
      this.#keep(known, seq, ts);
      return { kind: "anew", before: highest };
    }
    this.#keep(known, seq, ts);
    if (seq === highest + 1) return { kind: "next" };
    return { kind: "gap", from: highest + 1, to: seq - 1, away };
  }

  /** The connection is gone: what is missing from now on was perhaps sent to nobody. */
  wentAway(): void {
    for (const counter of this.#counters.values()) counter.away = true;
  }

  #keep(counter: Counter, seq: number, ts: string): void {
    Object.assign(counter, { highest: seq, ts, away: false });
    counter.known.set(seq, ts);
    for (const oldest of counter.known.keys()) {
      if (counter.known.size <= KNOWN_AGAIN) break;
      counter.known.delete(oldest);
    }
  }
}
