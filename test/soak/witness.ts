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
  /** Pictures that came before the alert, or the verdict, that tells of them. */
  readonly earlyEvidence: number;
  /** Alerts whose picture never came. */
  readonly withoutEvidence: number;
  /** Alerts that were raised and not cleared so far. */
  readonly standing: number;
  /** By camera. */
  readonly verdicts: Readonly<Record<string, Heard>>;
}

/** What is known of one stream of numbers. */
export interface Heard {
  readonly received: number;
  /** Different `seq`. */
  readonly different: number;
  /** The highest `seq` that came. */
  readonly highest: number;
  /** `seq` that never came, up to the highest that did. */
  readonly missing: readonly number[];
  /** First comings that were not in the order of their `seq`. */
  readonly outOfOrder: number;
  /** `seq` that came with two contents. */
  readonly contradictory: readonly number[];
  readonly repeated: number;
  readonly replayed: number;
}

/** Nothing came for so long after the broker's end: nothing more will. */
const QUIET_MS = 500;

/** The messages of one stream, by their `seq`. */
class Stream {
  /** The contents, by `seq`. */
  readonly #seen = new Map<number, string>();
  readonly #contradictory = new Set<number>();
  readonly #counts = { received: 0, outOfOrder: 0, repeated: 0, replayed: 0 };
  #highest = 0;

  get heard(): Heard {
    const all = Array.from({ length: this.#highest }, (_, index) => index + 1);
    return {
      ...this.#counts,
      different: this.#seen.size,
      highest: this.#highest,
      missing: all.filter((seq) => !this.#seen.has(seq)),
      contradictory: [...this.#contradictory],
    };
  }

  /** @param body all that must be the same when it comes again @returns whether it came for the first time */
  hear(seq: number, body: object, replayed: boolean): boolean {
    const content = digest(JSON.stringify(body));
    this.#counts.received += 1;
    if (replayed) this.#counts.replayed += 1;
    const before = this.#seen.get(seq);
    if (before !== undefined) {
      this.#counts.repeated += 1;
      if (before !== content) this.#contradictory.add(seq);
      return false;
    }
    this.#seen.set(seq, content);
    if (seq < this.#highest) this.#counts.outOfOrder += 1;
    this.#highest = Math.max(this.#highest, seq);
    return true;
  }
}

/** Listens to `<prefix>/#` through any number of lives of the broker, and remembers every alert and every verdict by its `seq`. */
export class Witness {
  readonly #prefix: string;
  /** By agent. */
  readonly #alerts = new Map<string, Stream>();
  /** By agent, then by camera. */
  readonly #verdicts = new Map<string, Map<string, Stream>>();
  /** Health payloads by agent, in the order of their coming. */
  readonly health = new Map<string, Record<string, unknown>[]>();
  readonly #states = new Map<string, string>();
  /** Topics of pictures that alerts told of, by agent; false until they came. */
  readonly #promised = new Map<string, Map<string, boolean>>();
  /** Topics of pictures that verdicts told of: a picture that a kill met is not drawn again. */
  readonly #announced = new Set<string>();
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
    const { different, highest: _, ...alerts } = (this.#alerts.get(agent) ?? new Stream()).heard;
    const verdicts = [...(this.#verdicts.get(agent) ?? [])].map(([camera, stream]) => [camera, stream.heard] as const);
    const promised = [...(this.#promised.get(agent)?.values() ?? [])];
    return {
      ...alerts,
      alerts: different,
      verdicts: Object.fromEntries(verdicts),
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
    else if (kind === "verdict") this.#verdict(agent, camera, payload);
  }

  #picture(agent: string, topic: string): void {
    this.#evidence += 1;
    const promised = this.#promised.get(agent);
    if (promised?.has(topic)) promised.set(topic, true);
    else if (!this.#announced.has(topic)) this.#early.set(agent, (this.#early.get(agent) ?? 0) + 1);
  }

  #alert(agent: string, payload: Record<string, unknown>): void {
    const stream = this.#alerts.get(agent) ?? new Stream();
    this.#alerts.set(agent, stream);
    const { replayed, ...rest } = payload;
    if (!stream.hear(Number(payload.seq), rest, replayed === true)) return;
    const standing = this.#standing.get(agent) ?? new Set<string>();
    this.#standing.set(agent, standing);
    if (payload.phase === "cleared") standing.delete(String(payload.id));
    else if (payload.phase === "raised") standing.add(String(payload.id));
    const evidence = payload.evidence as { readonly topic: string } | null;
    const promised = this.#promised.get(agent) ?? new Map<string, boolean>();
    if (evidence !== null)
      this.#promised.set(agent, promised.set(evidence.topic, promised.get(evidence.topic) ?? false));
  }

  #verdict(agent: string, camera: string, payload: Record<string, unknown>): void {
    const streams = this.#verdicts.get(agent) ?? new Map<string, Stream>();
    const stream = streams.get(camera) ?? new Stream();
    this.#verdicts.set(agent, streams.set(camera, stream));
    // One that waited is late for its gate.
    const { replayed, late, ...rest } = payload;
    const evidence = payload.evidence as { readonly topic: string } | null;
    if (evidence !== null) this.#announced.add(evidence.topic);
    stream.hear(Number(payload.seq), rest, replayed === true);
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
