import { setTimeout as sleep } from "node:timers/promises";
import { BehaviorSubject, distinctUntilChanged, map, type Observable, Subject } from "rxjs";
import { CodedError, messageOf } from "../../errors.js";
import type { AlertQueue } from "../contract/alert-queue.js";
import type { KeepSession } from "../contract/broker-session.js";
import type { CameraContext, Command, Heard } from "../contract/inbound.js";
import {
  type BrokerHealth,
  type CommandOutcome,
  replyPayload,
  statusPayload,
  timestamp,
} from "../contract/payloads.js";
import { stamped } from "../contract/stamped.js";
import { baseTopic, clientIdOf, replyTopic, subscriptions, topics } from "../contract/topics.js";
import { openValidator } from "../contract/validator.js";
import type { Message } from "../types.js";
import type { Client, OpenClient } from "./client.js";
import { HangUps } from "./hang-ups.js";
import { receive } from "./inbound.js";
import { keepSession } from "./kept-session.js";
import { MessageSender } from "./message-sender.js";
import { openClient } from "./mqtt-client.js";
import { Negotiation } from "./negotiation.js";
import { OutboxSender } from "./outbox-sender.js";
import type { Packet, Received } from "./packet.js";
import { type Ending, ReconnectPolicy, taken } from "./reconnect-policy.js";
import { runSession } from "./session.js";

/** After a connection that lasted so long the broker is asked for everything anew. */
const LASTED_MS = 600_000;

export interface PublisherOptions {
  readonly url: string;
  readonly prefix: string;
  readonly agentId: string;
  /** The agent's version, for `status`. */
  readonly version: string;
  readonly username?: string | null;
  readonly password?: string | null;
  /** Whose alerts are delivered beside what is published. */
  readonly outbox?: AlertQueue;
  /** Topics in full, beside the agent's own, that are listened to. */
  readonly alsoHears?: readonly string[];
  /** How many messages wait at most while the broker is away. */
  readonly capacity?: number;
  readonly keepaliveS?: number;
  readonly connectTimeoutMs?: number;
  /** How long the broker may take to acknowledge a packet before the connection is given up. */
  readonly ackTimeoutMs?: number;
  /** Epoch milliseconds. */
  readonly wallMs?: () => number;
  /** Whether nobody vouches for the clock; never unless given. @param stampMs epoch milliseconds */
  readonly isDoubted?: ((stampMs: number) => boolean) | undefined;
  readonly random?: () => number;
  /** Waits before the next connection; returns at once when stopped. */
  readonly pause?: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly openClient?: OpenClient;
}

/** The agent's way to its broker: always there, whether the broker is or not. */
export interface Publisher {
  /**
   * Resolves when the broker has the message (QoS 1: PUBACK; QoS 0: written) or it was given up and counted. Never rejects.
   * Do not wait for it on the way of frames: while the broker is away it waits, too.
   */
  publish(message: Message): Promise<void>;
  readonly command$: Observable<Command>;
  readonly context$: Observable<CameraContext>;
  readonly heard$: Observable<Heard>;
  /** The present state at once, then every change. */
  readonly connected$: Observable<boolean>;
  /** Why there is no connection, or what arrived and cannot be used; for the log. */
  readonly trouble$: Observable<CodedError>;
  health(): BrokerHealth;
  /** The version in use, null while there is no connection. */
  protocol(): "5" | "3.1.1" | null;
  readonly keepSession: KeepSession;
  /** Sends what waits, `stopped`, and DISCONNECT; takes 2.5 s at most. */
  close(): Promise<void>;
}

/**
 * Keeps a connection to the broker: MQTT 5, else 3.1.1; `online` at each connect, `offline` as its last will.
 * @throws CodedError AGENT_ID_INVALID
 */
export function openPublisher(options: PublisherOptions): Publisher {
  const base = baseTopic(options.prefix, options.agentId);
  const clientId = clientIdOf(options.agentId);
  const wallMs = options.wallMs ?? Date.now;
  const random = options.random ?? Math.random;
  const pause = options.pause ?? sleepUnlessStopped;
  const up$ = new BehaviorSubject<Client | null>(null);
  const command$ = new Subject<Command>();
  const context$ = new Subject<CameraContext>();
  const heard$ = new Subject<Heard>();
  const alsoHears = options.alsoHears ?? [];
  const trouble$ = new Subject<CodedError>();
  const validate = openValidator();
  const stop = new AbortController();
  let lastTrouble: BrokerHealth["trouble"] = null;
  const onTrouble = (trouble: CodedError): void => {
    lastTrouble = { code: trouble.code, message: trouble.message, ts: timestamp(wallMs()) };
    trouble$.next(trouble);
  };
  const hangUps = new HangUps(() => performance.now());
  const messageSender = new MessageSender(options.capacity ?? 10_000, onTrouble);
  const outboxSender = options.outbox ? new OutboxSender({ outbox: options.outbox, base, onTrouble, random }) : null;

  const status = (state: "online" | "stopped" | "offline"): Packet => {
    const payload = statusPayload(state, { nowMs: wallMs(), sinceMs: wallMs(), version: options.version });
    return packetOf(base, stamped({ topic: topics.status, payload, qos: 1, retain: true }, options.isDoubted));
  };

  const answer = (command: string, message: Received, id: string | null, outcome: CommandOutcome) => {
    const { correlationData } = message;
    const reply = (what: CommandOutcome): Packet => ({
      topic: replyTopic(base, command, message.responseTopic),
      payload: JSON.stringify(replyPayload(id, what)),
      qos: 1,
      retain: false,
      ...(correlationData === null ? {} : { correlationData }),
    });
    const text = "the broker does not take a message as large as the reply";
    void messageSender.deliver(reply(outcome), reply({ ok: false, code: "REPLY_TOO_LARGE", message: text }));
  };

  const onReceived = (message: Received) => {
    if (alsoHears.includes(message.topic)) {
      heard$.next({ topic: message.topic, payload: message.payload });
      return;
    }
    receive(base, message, validate, {
      command: (command, id, args, fault) => {
        const reply = (outcome: CommandOutcome) => answer(command, message, id, outcome);
        if (command$.observed) command$.next({ command, id, args, via: "mqtt", by: message.by, fault, reply });
        else if (fault !== null) reply({ ok: false, code: fault.code, message: `${fault.message}. ${fault.remedy}` });
        else reply({ ok: false, code: "COMMAND_UNKNOWN", message: `${command} is not known to this agent` });
      },
      context: (context) => context$.next(context),
      unusable: onTrouble,
    });
  };

  const negotiation = new Negotiation(options.openClient ?? openClient);
  let retainMissed = false;
  const onUp = (client: Client | null): void => {
    up$.next(client);
    if (client === null || retainMissed || (negotiation.retain && client.limits.retain)) return;
    retainMissed = true;
    onTrouble(new CodedError("MQTT_NO_RETAIN", "the broker keeps no retained messages", { at: options.url }));
  };

  const connect = (): Promise<Ending | null> =>
    runSession({
      url: options.url,
      connect: (onLost) =>
        negotiation.connect({
          url: options.url,
          clientId,
          username: options.username ?? null,
          password: options.password ?? null,
          will: status("offline"),
          keepaliveS: options.keepaliveS ?? 15,
          connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
          onReceived,
          onLost,
        }),
      status,
      subscriptions: [...subscriptions(base), ...alsoHears],
      messageSender,
      outboxSender,
      hangUps,
      ackTimeoutMs: options.ackTimeoutMs ?? 30_000,
      stop: stop.signal,
      onUp,
      onTrouble,
    });

  const keepConnected = async (): Promise<void> => {
    const reconnectPolicy = new ReconnectPolicy(random);
    while (!stop.signal.aborted) {
      const ending = await connect().catch((error: unknown): Ending => {
        const fault = error instanceof CodedError ? error : failed(error, options.url);
        onTrouble(fault);
        return { kind: "never-up", code: fault.code };
      });
      if (ending === null) return;
      if (ending.kind === "lost" && ending.upMs >= LASTED_MS) negotiation.startOver();
      if (ending.kind === "lost" && ending.effect === "no-retain") negotiation.withoutRetain();
      const { waitMs, idTaken } = reconnectPolicy.after(ending);
      if (idTaken) onTrouble(taken(clientId, waitMs, options.url));
      await pause(waitMs, stop.signal);
    }
  };

  const running = keepConnected();
  const protocol = () => (up$.value === null ? null : up$.value.version === 5 ? "5" : "3.1.1");
  return {
    publish: (message) => messageSender.deliver(packetOf(base, message)),
    command$,
    context$,
    heard$,
    connected$: up$.pipe(
      map((client) => client !== null),
      distinctUntilChanged(),
    ),
    trouble$,
    health: () => {
      const { depth, lost } = messageSender;
      return { connected: up$.value !== null, protocol: protocol(), waiting: depth, lost, trouble: lastTrouble };
    },
    protocol,
    keepSession: (asked) => {
      const { url, openClient: open = openClient } = options;
      return keepSession({ ...asked, url, random, clientId: `${clientId}-${asked.name}`, openClient: open });
    },
    close: async () => {
      stop.abort();
      await running;
      messageSender.stop();
      for (const subject of [up$, command$, context$, heard$, trouble$]) subject.complete();
    },
  };
}

/** On MQTT 5 a measurement that nobody fetched in time is stale; alerts and states never are. */
function packetOf(base: string, { topic, inFull, payload, qos, retain }: Message): Packet {
  const packet = {
    topic: inFull ? topic : `${base}/${topic}`,
    payload: payload instanceof Uint8Array ? payload : JSON.stringify(payload),
    qos,
    retain,
  };
  return qos === 0 ? { ...packet, expirySeconds: 60 } : packet;
}

async function sleepUnlessStopped(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => null);
}

function failed(error: unknown, at: string): CodedError {
  return new CodedError("MQTT_FAILED", messageOf(error), { at, cause: error });
}
