import { CodedError } from "../../errors.js";
import type { BrokerSession, SessionPacket } from "../contract/broker-session.js";
import type { Clock } from "../kit/clock.js";
import type { CameraDevice } from "./camera-device.js";
import type { MetricGroup } from "./metric-group.js";
import { CONTENT_TYPE, encode, type Metric } from "./payload.js";
import type { SparkplugTopics } from "./topics.js";
import type { Finding } from "./waiting.js";

export interface EdgeNodeOptions {
  readonly topics: SparkplugTopics;
  readonly metrics: MetricGroup;
  readonly devices: readonly CameraDevice[];
  readonly clock: Clock;
  readonly onTrouble: (trouble: CodedError) => void;
}

/** What a host writes to have all births again. */
export const REBIRTH = "Node Control/Rebirth";
const NUMBERS = 256;
/** Messages on their way to a network that does not take them: beyond, findings wait, and values are skipped. */
const MOST_UNWRITTEN = 200;
/** Between two births of everything: hosts that ask for them in a storm must not take the line's time. */
const REBIRTH_MS = 1_000;
/** Findings of one device in one message, and at one `tick`: what has waited does not hold up what is new. */
const MOST_AT_ONCE = 100;

/**
 * The edge node towards its hosts: births before all else, then what changes, every message with the number that follows that of the one
 * before (Sparkplug 3.0, 6.4). Between the births and the end of the session it is online; else findings wait.
 */
export class EdgeNode {
  readonly #options: EdgeNodeOptions;
  #session: BrokerSession | null = null;
  #bdSeq = 0;
  #seq = 0;
  #unwritten = 0;
  #owesBirth = false;
  /** Monotonic. */
  #bornAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: EdgeNodeOptions) {
    this.#options = options;
  }

  get isOnline(): boolean {
    return this.#session !== null;
  }

  /** The will of a session. @param bdSeq of the births in that session, too */
  death(bdSeq: number): SessionPacket {
    this.#bdSeq = bdSeq;
    const payload = encode([this.#bdSeqMetric(this.#options.clock.wallMs())], {});
    return { topic: this.#options.topics.ndeath, payload, contentType: CONTENT_TYPE, qos: 1 };
  }

  /** Says everything there is, and is online from now on: at the beginning of a session. */
  birth(session: BrokerSession): void {
    this.#session = session;
    this.#sayEverything();
  }

  /** Everything is to be said again: at the next `tick` that may, once, however often it is asked for. Until then no data is said. */
  rebirth(): void {
    this.#owesBirth = this.#session !== null;
  }

  /** The session is over. */
  lost(): void {
    this.#session = null;
    this.#owesBirth = false;
    for (const device of this.#options.devices) device.isBorn = false;
  }

  /** Says that it is dead, and ends the session. */
  async end(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    // The end waits for it to arrive.
    this.#send(this.death(this.#bdSeq));
    this.lost();
    await session.end();
  }

  /** Says what has changed since it was called last. @param paced those metrics, too, that have a pace */
  tick(paced: boolean): void {
    const { topics, metrics, devices, clock } = this.#options;
    if (this.#session === null || this.#isCongested) return;
    if (this.#owesBirth) {
      if (clock.monotonicMs() - this.#bornAtMs < REBIRTH_MS) return;
      this.#sayEverything();
    }
    this.#sayChanges(topics.ndata, metrics.changes(clock.wallMs(), paced));
    for (const device of devices) {
      if (device.isAlive !== device.isBorn) {
        if (device.isAlive) this.#birthOf(device);
        else this.#deathOf(device);
      } else if (device.isBorn) this.#sayChangesOf(device, paced);
      if (device.isBorn) this.#sayWaiting(device);
    }
  }

  /** Says what was found, or keeps it until it can be said. */
  found(device: CameraDevice, finding: Finding): void {
    if (this.#session === null || !device.isBorn || this.#owesBirth || this.#isCongested) device.waiting.add(finding);
    else this.#sayChangesOf(device, false, () => device.waiting.add(finding));
  }

  get #isCongested(): boolean {
    return this.#unwritten >= MOST_UNWRITTEN;
  }

  #sayEverything(): void {
    const { topics, metrics, devices, clock } = this.#options;
    this.#owesBirth = false;
    this.#bornAtMs = clock.monotonicMs();
    this.#seq = NUMBERS - 1;
    const nowMs = clock.wallMs();
    const rebirth = { name: REBIRTH, datatype: "Boolean", value: false, timestampMs: nowMs } as const;
    this.#say(topics.nbirth, [...metrics.birth(nowMs), this.#bdSeqMetric(nowMs), rebirth]);
    for (const device of devices) {
      device.isBorn = false;
      if (device.isAlive) this.#birthOf(device);
    }
  }

  #bdSeqMetric(timestampMs: number): Metric {
    return { name: "bdSeq", datatype: "Int64", value: this.#bdSeq, timestampMs };
  }

  #birthOf(device: CameraDevice): void {
    device.isBorn = true;
    this.#say(this.#options.topics.dbirth(device.id), device.metrics.birth(this.#options.clock.wallMs()));
  }

  #deathOf(device: CameraDevice): void {
    device.isBorn = false;
    this.#say(this.#options.topics.ddeath(device.id), []);
  }

  #sayChangesOf(device: CameraDevice, paced: boolean, onUnsent?: () => void): void {
    const { topics, clock } = this.#options;
    this.#sayChanges(topics.ddata(device.id), device.metrics.changes(clock.wallMs(), paced), onUnsent);
  }

  #sayWaiting(device: CameraDevice): void {
    const findings = device.waiting.take(MOST_AT_ONCE);
    const metrics = findings.flatMap(({ values, atMs }) => device.metrics.historical(values, atMs));
    this.#sayChanges(this.#options.topics.ddata(device.id), metrics, () => device.waiting.putBack(findings));
  }

  #sayChanges(topic: string, metrics: readonly Metric[], onUnsent?: () => void): void {
    if (metrics.length > 0) this.#say(topic, metrics, onUnsent);
  }

  #say(topic: string, metrics: readonly Metric[], onUnsent?: () => void): void {
    const { clock } = this.#options;
    this.#seq = (this.#seq + 1) % NUMBERS;
    const payload = encode(metrics, { seq: this.#seq, atMs: clock.wallMs() });
    this.#send({ topic, payload, contentType: CONTENT_TYPE, qos: 0 }, onUnsent);
  }

  /** @param onUnsent the session has ended before it was written */
  #send(packet: SessionPacket, onUnsent: () => void = () => undefined): void {
    this.#unwritten += 1;
    const sent = this.#session?.send(packet).catch((error: unknown) => {
      if (!(error instanceof CodedError)) throw error;
      // The end of the session is told of elsewhere.
      if (error.code === "MQTT_PUBLISH_FAILED") onUnsent();
      else this.#options.onTrouble(error);
    });
    void Promise.resolve(sent).finally(() => {
      this.#unwritten -= 1;
    });
  }
}
