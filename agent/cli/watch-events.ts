import { messageOf } from "../../errors.js";
import { isTooDeep } from "../contract/command-payload.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload, HealthPayload, StatePayload, StatusPayload } from "../contract/payloads.js";
import { type Outbound, outboundOf } from "../contract/topics.js";
import type { Validator } from "../contract/validator.js";
import { SeqTracker } from "./seq-tracker.js";

/** What is heard of agents, each message once. */
export type WatchEvent =
  | { readonly kind: "status"; readonly agent: string; readonly payload: StatusPayload }
  | { readonly kind: "state"; readonly agent: string; readonly camera: string; readonly payload: StatePayload }
  | { readonly kind: "alert"; readonly agent: string; readonly camera: string; readonly payload: AlertPayload }
  | { readonly kind: "verdict"; readonly agent: string; readonly camera: string; readonly payload: VerdictPayload }
  | Gap
  | {
      readonly kind: "anew";
      readonly agent: string;
      readonly camera: string | null;
      readonly seq: number;
      readonly before: number;
    }
  | { readonly kind: "unusable"; readonly topic: string; readonly reason: string };

/** Numbers that were not heard: of an agent's alerts, with a camera of its verdicts. */
export interface Gap {
  readonly kind: "gap";
  readonly agent: string;
  readonly camera: string | null;
  readonly from: number;
  readonly to: number;
  /** `disconnected`: this watch was; `given-up`: the agent says so in its health, with its reason; `unknown`: neither. */
  readonly why: "disconnected" | "given-up" | "unknown";
  readonly reason: string | null;
}

interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
}

/** Of a payload; the agent's own are far smaller. */
const MAX_BYTES = 1_048_576;
/** Agents and their cameras; whoever publishes more of them is none of ours. */
const MAX_NAMES = 10_000;
/** Topics whose messages cannot be used, each told once. */
const MAX_UNUSABLE = 100;

/** Turns messages into events: checked by their schemas, repeats left out, gaps named. */
export class WatchEvents {
  readonly #prefix: string;
  readonly #validate: Validator;
  readonly #numbers = new SeqTracker();
  readonly #names = new Set<string>();
  readonly #unusable = new Set<string>();
  /** By agent: what it has given up. */
  readonly #givenUp = new Map<string, HealthPayload["outbox"]["gaps"]>();
  /** By agent, with the camera: its last status or state, as text. */
  readonly #last = new Map<string, string>();

  constructor(prefix: string, validate: Validator) {
    this.#prefix = prefix;
    this.#validate = validate;
  }

  of({ topic, payload }: Heard): readonly WatchEvent[] {
    const outbound = outboundOf(this.#prefix, topic);
    // An empty one takes a retained message away.
    if (outbound === null || payload.length === 0) return [];
    const read = this.#read(outbound, payload);
    if ("fault" in read) return this.#told(topic, read.fault);
    const name = "camera" in outbound ? `${outbound.agent}/${outbound.camera}` : outbound.agent;
    this.#names.add(name);
    return this.#eventsOf(outbound, name, read.value);
  }

  /** What is published from now on is perhaps not heard. */
  wentAway(): void {
    this.#numbers.wentAway();
  }

  #read({ kind, ...whose }: Outbound, payload: Buffer): { readonly value: unknown } | { readonly fault: string } {
    if (payload.length > MAX_BYTES) return { fault: `is of ${payload.length} bytes` };
    if (this.#names.size >= MAX_NAMES && !this.#names.has(Object.values(whose).join("/")))
      return { fault: `is of one more than ${MAX_NAMES} agents and cameras` };
    try {
      const value: unknown = JSON.parse(payload.toString("utf8"));
      if (isTooDeep(value)) return { fault: "is nested too deeply" };
      const [fault] = this.#validate(kind, value) ?? [];
      return fault === undefined ? { value } : { fault };
    } catch (error) {
      return { fault: messageOf(error) };
    }
  }

  #eventsOf(outbound: Outbound, name: string, value: unknown): readonly WatchEvent[] {
    const { agent } = outbound;
    // Their schemas have said that they are these.
    switch (outbound.kind) {
      case "health":
        this.#givenUp.set(agent, (value as HealthPayload).outbox.gaps);
        return [];
      case "status": {
        const payload = value as StatusPayload;
        return this.#isNews(name, payload.state, payload.since) ? [{ kind: "status", agent, payload }] : [];
      }
      case "state": {
        const payload = value as StatePayload;
        const { camera } = outbound;
        const isNews = this.#isNews(name, payload.state, payload.since, payload.reason ?? "");
        return isNews ? [{ kind: "state", agent, camera, payload }] : [];
      }
      case "alert": {
        const payload = value as AlertPayload;
        return this.#numbered({ kind: "alert", agent, camera: outbound.camera, payload }, agent, null);
      }
      case "verdict": {
        const payload = value as VerdictPayload;
        const { camera } = outbound;
        return this.#numbered({ kind: "verdict", agent, camera, payload }, name, camera);
      }
    }
  }

  /** A retained message comes again with each connection, the agent's and this one's. */
  #isNews(name: string, ...said: readonly string[]): boolean {
    const text = said.join("\n");
    if (this.#last.get(name) === text) return false;
    this.#last.set(name, text);
    return true;
  }

  #numbered(
    event: Extract<WatchEvent, { readonly kind: "alert" | "verdict" }>,
    counter: string,
    camera: string | null,
  ): readonly WatchEvent[] {
    const { agent, payload } = event;
    const { seq, ts } = payload;
    const news = this.#numbers.heard(`${event.kind} ${counter}`, seq, ts);
    if (news.kind === "repeated") return [];
    if (news.kind === "next") return [event];
    if (news.kind === "anew") return [{ kind: "anew", agent, camera, seq, before: news.before }, event];
    const { from, to, away } = news;
    const given = this.#givenUp.get(agent)?.find((gap) => {
      return (gap.camera ?? null) === camera && gap.from <= to && from <= gap.to;
    });
    const reason = given?.reason;
    const why = reason !== undefined ? "given-up" : away ? "disconnected" : "unknown";
    return [{ kind: "gap", agent, camera, from, to, why, reason: reason ?? null }, event];
  }

  #told(topic: string, reason: string): readonly WatchEvent[] {
    if (this.#unusable.has(topic) || this.#unusable.size >= MAX_UNUSABLE) return [];
    this.#unusable.add(topic);
    return [{ kind: "unusable", topic, reason }];
  }
}
