import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, messageOf } from "../../errors.js";
import type { BrokerSession, KeptSession, SessionOptions, SessionPacket } from "../contract/broker-session.js";
import { within } from "../kit/within.js";
import type { Client, ConnectionLoss, OpenClient } from "./client.js";
import { Negotiation } from "./negotiation.js";
import type { Packet } from "./packet.js";
import { ReconnectPolicy, taken } from "./reconnect-policy.js";

export interface KeptSessionOptions extends SessionOptions {
  readonly url: string;
  readonly clientId: string;
  /** With the credentials of the moment. */
  readonly openClient: OpenClient;
  readonly random?: () => number;
}

const KEEPALIVE_S = 15;
const CONNECT_TIMEOUT_MS = 10_000;
/** What a broker that does not answer may hold the end of a session up. */
const END_MS = 1_000;
/** Until the session after one that its user has ended. */
const ANEW_MS = 100;

/** Keeps a session with a broker, MQTT 5, else 3.1.1, over as many connections as that takes. */
export function keepSession(options: KeptSessionOptions): KeptSession {
  const { url, random = Math.random } = options;
  const policy = new ReconnectPolicy(random);
  const stop = new AbortController();
  let will: Packet | null = null;
  const open: OpenClient = async (asked) => {
    will ??= packetOf(await options.will());
    try {
      const client = await options.openClient({ ...asked, will });
      will = null;
      return client;
    } catch (error) {
      if (!isUnsent(error)) will = null;
      throw error;
    }
  };
  const negotiation = new Negotiation(open);
  let ending: (() => Promise<void>) | null = null;

  /** @returns how long to wait for the next one */
  const one = async (): Promise<number> => {
    const beganMs = performance.now();
    let client: Client | null = null;
    try {
      let onLost: (loss: ConnectionLoss | null) => void = () => undefined;
      const lost = new Promise<ConnectionLoss | null>((resolve) => {
        onLost = resolve;
      });
      client = await negotiation.connect({
        ...{ url, clientId: options.clientId, username: null, password: null, will: null },
        ...{ keepaliveS: KEEPALIVE_S, connectTimeoutMs: CONNECT_TIMEOUT_MS },
        onReceived: ({ topic, payload }) => options.onMessage(topic, payload),
        onLost,
      });
      if (stop.signal.aborted) return 0;
      const session = sessionOver(client, () => onLost(null));
      ending = session.end;
      options.onUp(session);
      const loss = await lost;
      options.onDown();
      if (loss === null) return ANEW_MS;
      options.onTrouble(new CodedError("MQTT_LOST", loss.reason, { at: url }));
      const upMs = performance.now() - beganMs;
      const { effect } = loss;
      const ended = { kind: "lost", upMs, answered: true, effect, suspect: false, blocked: false } as const;
      const { waitMs, idTaken } = policy.after(ended);
      if (idTaken) options.onTrouble(taken(options.clientId, waitMs, url));
      return waitMs;
    } catch (error) {
      const trouble =
        error instanceof CodedError ? error : new CodedError("MQTT_FAILED", messageOf(error), { at: url });
      options.onTrouble(trouble);
      return policy.after({ kind: "never-up", code: trouble.code }).waitMs;
    } finally {
      ending = null;
      client?.destroy();
    }
  };
  const keep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const waitMs = await one();
      await sleep(waitMs, undefined, { signal: stop.signal }).catch(() => null);
    }
  };
  const kept = keep();
  return {
    close: async () => {
      stop.abort();
      // A connection that is being made is waited for no longer: it is ended as soon as it is there.
      if (ending === null) return;
      await ending();
      await kept;
    },
  };
}

/** Whether there was no connection that a CONNECT could be sent over: its will serves the next one. */
function isUnsent(error: unknown): boolean {
  return error instanceof CodedError && /^MQTT_(UNREACHABLE|TLS_\w+)$/.test(error.code);
}

function sessionOver(client: Client, onEnded: () => void): BrokerSession {
  let ended: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await within(END_MS, client.close(true)).catch(() => false);
    onEnded();
  };
  return {
    subscribe: (filter) => client.subscribe(filter),
    send: (packet) => client.send(packetOf(packet)),
    end: () => {
      ended ??= end();
      return ended;
    },
  };
}

function packetOf(packet: SessionPacket): Packet {
  return { ...packet, retain: false };
}
