import type { Message } from "../types.js";

/** The message, marked where nobody vouches for the time that it carries. */
export function stamped(message: Message, isDoubted: ((stampMs: number) => boolean) | undefined): Message {
  const { payload } = message;
  if (isDoubted === undefined || !("ts" in payload) || typeof payload.ts !== "string") return message;
  return isDoubted(Date.parse(payload.ts)) ? { ...message, payload: { ...payload, clock: "unsynchronised" } } : message;
}
