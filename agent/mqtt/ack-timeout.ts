import type { Client, Packet } from "./client.js";

/**
 * A connection that is told to be useless when one QoS 1 packet stays unacknowledged for too long: a broker that takes everything
 * and answers nothing keeps its TCP connection, and may even answer pings.
 */
export function withAckTimeout(
  client: Client,
  limitMs: number,
  onSilent: () => void,
): Client & { readonly acknowledged: boolean } {
  /** By packet, in the order of sending. */
  const sentAtMs = new Map<object, number>();
  let timer: NodeJS.Timeout | null = null;
  let acknowledged = false;
  const watch = (): void => {
    clearTimeout(timer ?? undefined);
    timer = null;
    const [oldest] = sentAtMs.values();
    if (oldest === undefined) return;
    timer = setTimeout(onSilent, Math.max(0, oldest + limitMs - performance.now())).unref();
  };
  const sendSurely = async (packet: Packet): Promise<void> => {
    const token = {};
    sentAtMs.set(token, performance.now());
    if (timer === null) watch();
    try {
      await client.send(packet);
      acknowledged = true;
    } finally {
      const [first] = sentAtMs.keys();
      sentAtMs.delete(token);
      if (first === token) watch();
    }
  };
  return {
    ...client,
    get acknowledged() {
      return acknowledged;
    },
    send: (packet) => (packet.qos === 0 ? client.send(packet) : sendSurely(packet)),
  };
}
