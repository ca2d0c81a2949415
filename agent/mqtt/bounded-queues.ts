/** What a broker's memory of messages must have so that it can be bounded: aedes' own, whose queues grow without an end. */
export interface Persistence {
  outgoingEnqueue(sub: Subscriber, packet: Queued): Promise<unknown>;
  outgoingEnqueueCombi(subs: readonly Subscriber[], packet: Queued): Promise<unknown>;
  /** @returns what was removed, if there was something */
  outgoingClearMessageId(client: { readonly id: string }, packet: Queued): Promise<Queued | undefined>;
}

interface Subscriber {
  readonly clientId: string;
}

interface Queued {
  readonly payload?: string | Uint8Array;
}

/** Of one client: what it has not acknowledged, and what waits until it comes back. */
export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

export const QUEUE_LIMITS: QueueLimits = { messages: 10_000, bytes: 67_108_864 };

/** One that is here takes what waited beside what is new: it has so many times as much room. */
const ROOM_OF_THOSE_HERE = 2;

/**
 * Bounds what a broker in memory keeps for clients whose sessions last: one that never comes back would take all of the process's memory.
 * What comes for a full queue is not kept; a client that is here and acknowledges nothing is hung up on by the broker then.
 * @param onFull told of each client once, until it has taken something
 */
export function boundQueues(
  persistence: Persistence,
  limits: QueueLimits,
  { isHere, onFull }: { readonly isHere: (clientId: string) => boolean; readonly onFull: (clientId: string) => void },
): void {
  const queues = new Map<string, { messages: number; bytes: number; isFull: boolean }>();
  const { outgoingEnqueue, outgoingEnqueueCombi, outgoingClearMessageId } = persistence;

  const takes = ({ clientId }: Subscriber, packet: Queued): boolean => {
    const queue = queues.get(clientId) ?? { messages: 0, bytes: 0, isFull: false };
    queues.set(clientId, queue);
    const room = isHere(clientId) ? ROOM_OF_THOSE_HERE : 1;
    const bytes = queue.bytes + bytesOf(packet);
    const fits = queue.messages < limits.messages * room && bytes <= limits.bytes * room;
    if (fits) Object.assign(queue, { messages: queue.messages + 1, bytes });
    else if (!queue.isFull) onFull(clientId);
    queue.isFull ||= !fits;
    return fits;
  };
  persistence.outgoingEnqueue = async (sub, packet) => {
    if (takes(sub, packet)) await outgoingEnqueue.call(persistence, sub, packet);
  };
  persistence.outgoingEnqueueCombi = async (subs, packet) => {
    await outgoingEnqueueCombi.call(
      persistence,
      subs.filter((sub) => takes(sub, packet)),
      packet,
    );
  };
  persistence.outgoingClearMessageId = async (client, packet) => {
    const removed = await outgoingClearMessageId.call(persistence, client, packet);
    const queue = queues.get(client.id);
    if (removed === undefined || queue === undefined) return removed;
    queue.messages -= 1;
    queue.bytes -= bytesOf(removed);
    queue.isFull = false;
    if (queue.messages === 0) queues.delete(client.id);
    return removed;
  };
}

function bytesOf({ payload }: Queued): number {
  return payload === undefined ? 0 : Buffer.byteLength(payload);
}
