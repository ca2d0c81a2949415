import { messageOf } from "../errors.js";
import type { Message } from "../types.js";

/** Sends what need not be kept: scores, states, health. What could not be sent is counted, and told once in a while. */
export interface Post {
  send(message: Message): void;
  /** Messages given up since the start, by the last level of their topic. */
  lost(): Readonly<Record<string, number>>;
}

const TELL_EVERY_MS = 30_000;

export function openPost(
  publish: (message: Message) => Promise<void>,
  warn: (text: string) => void,
  nowMs: () => number,
): Post {
  const lost: Record<string, number> = {};
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const gaveUp = (message: Message, error: unknown): void => {
    const kind = message.topic.slice(message.topic.lastIndexOf("/") + 1);
    lost[kind] = (lost[kind] ?? 0) + 1;
    if (nowMs() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = nowMs();
    warn(`not published, ${lost[kind]} of its kind so far: ${message.topic}: ${messageOf(error)}`);
  };
  return {
    send: (message) => void publish(message).catch((error: unknown) => gaveUp(message, error)),
    lost: () => ({ ...lost }),
  };
}
