import { CodedError } from "../../errors.js";
import type { Client } from "./client.js";
import { keyOf, type Packet } from "./packet.js";

/** A client that knows what its broker has not answered. */
export interface WatchedClient extends Client {
  /** Whether the broker has answered anything: taken it, or refused it. */
  readonly answered: boolean;
  /** What the broker may not have handled: sent, and neither it nor anything behind it was answered. Of each key the newest. */
  unanswered(): readonly Packet[];
}

export interface AckHandlers {
  readonly limitMs: number;
  /** Called when the broker has left a packet unanswered for that long. @param passedOver it answered what was sent behind it */
  readonly onSilent: (passedOver: boolean) => void;
  readonly onAnswered: (packet: Packet) => void;
}

interface Sent {
  readonly packet: Packet;
  /** Counts what is sent. */
  readonly number: number;
  readonly atMs: number;
}

/** A subscription as a packet: it is answered, and a broker may hang up on it, like any other. */
export function subscriptionPacket(filter: string): Packet {
  return { topic: filter, key: `subscribe ${filter}`, payload: "", qos: 1, retain: false };
}

/**
 * Watches over what a broker answers: one that takes everything and acknowledges nothing keeps its TCP connection, and may even answer
 * pings.
 */
export function withAckTimeout(client: Client, { limitMs, onSilent, onAnswered }: AckHandlers): WatchedClient {
  /** What is to be answered, in the order of sending. */
  const awaited = new Set<Sent>();
  /** What is not, by its key: QoS 0. */
  const unconfirmed = new Map<string, Sent>();
  let number = 0;
  let lastAnswered = 0;
  let timer: NodeJS.Timeout | null = null;
  let answered = false;

  const watch = (): void => {
    clearTimeout(timer ?? undefined);
    timer = null;
    const [oldest] = awaited;
    if (oldest === undefined) return;
    const waitMs = Math.max(0, oldest.atMs + limitMs - performance.now());
    timer = setTimeout(() => onSilent(lastAnswered > oldest.number), waitMs).unref();
  };
  const onAnswer = (to: Sent): void => {
    answered = true;
    lastAnswered = Math.max(lastAnswered, to.number);
    // A broker handles packets in the order in which they come.
    for (const [key, sent] of unconfirmed) if (sent.number < to.number) unconfirmed.delete(key);
    onAnswered(to.packet);
  };
  const awaitAnswer = async (packet: Packet, ask: () => Promise<void>): Promise<void> => {
    const sent = { packet, number: (number += 1), atMs: performance.now() };
    awaited.add(sent);
    if (timer === null) watch();
    try {
      await ask();
      onAnswer(sent);
    } catch (error) {
      if (isAnswer(error)) onAnswer(sent);
      throw error;
    } finally {
      const [first] = awaited;
      awaited.delete(sent);
      if (first === sent) watch();
    }
  };
  const sendOnce = async (packet: Packet): Promise<void> => {
    const key = keyOf(packet);
    unconfirmed.set(key, { packet, number: (number += 1), atMs: performance.now() });
    try {
      await client.send(packet);
    } catch (error) {
      if (error instanceof CodedError && error.code === "MQTT_PACKET_TOO_LARGE") unconfirmed.delete(key);
      throw error;
    }
  };
  return {
    ...client,
    get answered() {
      return answered;
    },
    unanswered: () => [...awaited, ...unconfirmed.values()].map(({ packet }) => packet),
    send: (packet) => (packet.qos === 0 ? sendOnce(packet) : awaitAnswer(packet, () => client.send(packet))),
    subscribe: (filter) => awaitAnswer(subscriptionPacket(filter), () => client.subscribe(filter)),
  };
}

function isAnswer(error: unknown): boolean {
  return error instanceof CodedError && /^MQTT_(PUBLISH_(REFUSED|INVALID)|SUBSCRIBE_REFUSED)$/.test(error.code);
}
