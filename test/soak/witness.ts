import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Subscriber, subscribe } from "../support/mosquitto.js";

/** What an independent subscriber knows of one agent's alerts. */
export interface Testimony {
  readonly received: number;
  /** Different `seq`. */
  readonly alerts: number;
  /** `seq` that never came, up to the highest that did. */
  readonly missing: readonly number[];
  /** First comings that were not in the order of their `seq`. */
  readonly outOfOrder: number;
  /** `seq` that came with two contents. */
  readonly contradictory: readonly number[];
  readonly repeated: number;
  readonly replayed: number;
  /** Pictures that came before the alert that tells of them. */
  readonly earlyEvidence: number;
  /** Alerts whose picture never came. */
  readonly withoutEvidence: number;
  /** Alerts that were raised and not cleared so far. */
  readonly standing: number;
}

/** Nothing came for so long after the broker's end: nothing more will. */
const QUIET_MS = 500;

/** Listens to `<prefix>/#` through any number of lives of the broker, and remembers every alert by agent and `seq`. */
export class Witness {
  readonly #prefix: string;
  readonly #seen = new Map<string, Map<number, string>>();
  readonly #counts = new Map<string, { received: number; outOfOrder: number; repeated: number; replayed: number }>();
  readonly #contradictory = new Map<string, Set<number>>();
  readonly #highest = new Map<string, number>();
  /** Health payloads by agent, in the order of their coming. */
  readonly health = new Map<string, Record<string, unknown>[]>();
  readonly #states = new Map<string, string>();
  /** Topics of pictures that alerts told of, by agent; false until they came. */
  readonly #promised = new Map<string, Map<string, boolean>>();
  readonly #early = new Map<string, number>();
  readonly #standing = new Map<string, Set<string>>();
  #evidence = 0;
  #heardAtMs = 0;
  #subscriber: Subscriber | null = null;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Resolves once the broker has granted the subscription: publishers may come from then on. */
  async listen(port: number): Promise<void> {
    // QoS 0: the broker writes to the subscriber before it acknowledges to the publisher, and keeps no window that a kill would empty.
    this.#subscriber = await subscribe(port, `${this.#prefix}/#`, {
      qos: 0,
      onHeard: ({ topic, payload }) => this.#hear(topic, payload),
    });
  }

  /** After the broker's end: takes in what is still on its way. */
  async drain(): Promise<void> {
    // Pictures fill its pipe: ended at once, it would take with it what it has read and not yet printed.
    while (performance.now() - this.#heardAtMs < QUIET_MS) await sleep(QUIET_MS / 5);
    await this.#subscriber?.stop();
    this.#subscriber = null;
  }

  testimony(agent: string): Testimony {
    const seen = this.#seen.get(agent) ?? new Map<number, string>();
    const highest = this.#highest.get(agent) ?? 0;
    const missing = Array.from({ length: highest }, (_, index) => index + 1).filter((seq) => !seen.has(seq));
    const counts = this.#counts.get(agent) ?? { received: 0, outOfOrder: 0, repeated: 0, replayed: 0 };
    const promised = [...(this.#promised.get(agent)?.values() ?? [])];
    return {
      ...counts,
      alerts: seen.size,
      missing,
      contradictory: [...(this.#contradictory.get(agent) ?? [])],
      earlyEvidence: this.#early.get(agent) ?? 0,
      withoutEvidence: promised.filter((came) => !came).length,
      standing: this.#standing.get(agent)?.size ?? 0,
    };
  }

  /** The last state that was told of `<agent>/<camera>`. */
  state(camera: string): string | undefined {
    return this.#states.get(camera);
  }

  get evidence(): number {
    return this.#evidence;
  }

  #hear(topic: string, payload: Record<string, unknown>): void {
    this.#heardAtMs = performance.now();
    const [, agent, camera, kind] = topic.split("/") as [string, string, string, string?];
    if (camera === "health") this.#healthOf(agent).push(payload);
    else if (kind === "state") this.#states.set(`${agent}/${camera}`, String(payload.state));
    else if (kind === "evidence") this.#picture(agent, topic);
    else if (kind === "alert") this.#alert(agent, payload);
  }

  #picture(agent: string, topic: string): void {
    this.#evidence += 1;
    const promised = this.#promised.get(agent);
    if (promised?.has(topic)) promised.set(topic, true);
    else this.#early.set(agent, (this.#early.get(agent) ?? 0) + 1);
  }

  #alert(agent: string, payload: Record<string, unknown>): void {
    const seen = this.#seen.get(agent) ?? new Map<number, string>();
    this.#seen.set(agent, seen);
    const counts = this.#counts.get(agent) ?? { received: 0, outOfOrder: 0, repeated: 0, replayed: 0 };
    this.#counts.set(agent, counts);
    const { replayed, ...rest } = payload;
    const seq = Number(payload.seq);
    const body = digest(JSON.stringify(rest));
    counts.received += 1;
    if (replayed === true) counts.replayed += 1;
    const before = seen.get(seq);
    if (before !== undefined) {
      counts.repeated += 1;
      if (before === body) return;
      const wrong = this.#contradictory.get(agent) ?? new Set();
      this.#contradictory.set(agent, wrong.add(seq));
      return;
    }
    seen.set(seq, body);
    const standing = this.#standing.get(agent) ?? new Set<string>();
    this.#standing.set(agent, standing);
    if (payload.phase === "cleared") standing.delete(String(payload.id));
    else if (payload.phase === "raised") standing.add(String(payload.id));
    const evidence = payload.evidence as { readonly topic: string } | null;
    const promised = this.#promised.get(agent) ?? new Map<string, boolean>();
    if (evidence !== null)
      this.#promised.set(agent, promised.set(evidence.topic, promised.get(evidence.topic) ?? false));
    const highest = this.#highest.get(agent) ?? 0;
    if (seq < highest) counts.outOfOrder += 1;
    this.#highest.set(agent, Math.max(highest, seq));
  }

  #healthOf(agent: string): Record<string, unknown>[] {
    const known = this.health.get(agent) ?? [];
    this.health.set(agent, known);
    return known;
  }
}

/** Hundreds of thousands are kept. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64").slice(0, 16);
}
