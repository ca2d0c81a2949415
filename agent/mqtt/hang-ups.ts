import type { ConnectionLoss } from "./client.js";
import { keyOf, type Packet, packetBytes } from "./packet.js";

/** So many connections in a row must have ended on a packet, the last of them on it alone, before it is to blame. */
const CONNECTIONS = 4;
/** Smaller ones are refused for what they are, or for their topic; larger ones most likely for their size. */
const LARGE_BYTES = 4_096;
const GIVEN_UP_FOR_MS = 3_600_000;

/**
 * The packets on which the broker hangs up. MQTT 3.1.1 has no way to refuse a message, and some brokers of MQTT 5 do not use theirs: they
 * close the connection on a packet that is too large or that their access list forbids, and would do so at every repetition.
 *
 * A connection that ends leaves packets unanswered; those that were unanswered twice running are suspects. With suspects the agent is
 * careful: one packet at a time, all of them to be acknowledged. The one on which connections go on to end is given up, and with it for
 * a time whatever is as large, or else of its topic. Alerts are given up one by one, see outbox-sender.ts.
 */
export class HangUps {
  readonly #monotonicMs: () => number;
  /** By key, on how many connections running it was unanswered at the end. */
  #suspects = new Map<string, number>();
  #careful = false;
  readonly #keysUntilMs = new Map<string, number>();
  #size = { bytes: Number.POSITIVE_INFINITY, untilMs: 0 };

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** One packet at a time, each acknowledged: so that it is known on which one the broker hangs up. */
  get careful(): boolean {
    return this.#careful;
  }

  /**
   * A connection has ended.
   * @returns `suspect`: with the same packet unanswered as the one before; `convicted`: the packet that is to blame, else null
   */
  ended(
    effect: ConnectionLoss["effect"],
    unanswered: readonly Packet[],
  ): { readonly suspect: boolean; readonly convicted: Packet | null } {
    if (effect !== "hung-up" && effect !== "blame") return { suspect: false, convicted: null };
    const times = new Map(unanswered.map((packet) => [keyOf(packet), 1 + (this.#suspects.get(keyOf(packet)) ?? 0)]));
    const suspect = [...times.values()].some((count) => count > 1);
    const [only] = unanswered;
    const alone = this.#careful && unanswered.length === 1 && only !== undefined;
    const convicted = alone && times.get(keyOf(only))! >= CONNECTIONS ? only : null;
    this.#suspects = times;
    this.#careful = suspect;
    return { suspect, convicted };
  }

  /** @returns whether care is no longer needed */
  answered(packet: Packet): boolean {
    if (!this.#suspects.delete(keyOf(packet)) || this.#suspects.size > 0) return false;
    return this.exonerate();
  }

  /** The connection lives: no suspect that was sent over it was to blame. @returns whether there was any care */
  exonerate(): boolean {
    this.#suspects.clear();
    const was = this.#careful;
    this.#careful = false;
    return was;
  }

  /** For an hour nothing is sent that is like it: as large, or of its key. */
  giveUp(packet: Packet): void {
    this.forget(packet);
    const bytes = packetBytes(packet, 5);
    const nowMs = this.#monotonicMs();
    const untilMs = nowMs + GIVEN_UP_FOR_MS;
    if (bytes < LARGE_BYTES) this.#keysUntilMs.set(keyOf(packet), untilMs);
    else this.#size = { bytes: Math.min(bytes, this.#sizeNow(nowMs)), untilMs };
  }

  /** It is not sent again, which says nothing about others. */
  forget(packet: Packet): void {
    this.#suspects.delete(keyOf(packet));
    if (this.#suspects.size === 0) this.#careful = false;
  }

  /** Whether a packet is like one on which the broker hung up. Never asked of alerts. */
  refuses(packet: Packet): boolean {
    const nowMs = this.#monotonicMs();
    const untilMs = this.#keysUntilMs.get(keyOf(packet));
    if (untilMs !== undefined) {
      if (nowMs < untilMs) return true;
      this.#keysUntilMs.delete(keyOf(packet));
    }
    const limit = this.#sizeNow(nowMs);
    return limit !== Number.POSITIVE_INFINITY && packetBytes(packet, 5) >= limit;
  }

  #sizeNow(nowMs: number): number {
    return nowMs < this.#size.untilMs ? this.#size.bytes : Number.POSITIVE_INFINITY;
  }
}
