import type { Link, Packet } from "./client.js";

/**
 * A link that is told to be useless when one QoS 1 packet stays unacknowledged for too long: a broker that takes everything
 * and answers nothing keeps its TCP connection, and may even answer pings.
 */
export function impatient(
  link: Link,
  limitMs: number,
  onSilent: () => void,
): Link & { readonly acknowledged: boolean } {
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
      await link.send(packet);
      acknowledged = true;
    } finally {
      const [first] = sentAtMs.keys();
      sentAtMs.delete(token);
      if (first === token) watch();
    }
  };
  return {
    ...link,
    get acknowledged() {
      return acknowledged;
    },
    send: (packet) => (packet.qos === 0 ? link.send(packet) : sendSurely(packet)),
  };
}
