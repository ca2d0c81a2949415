import type { LearningAnswer } from "../../contract/learning.js";
import type { SessionAnswer, ThresholdPreview } from "../../contract/live-events.js";
import type { ReplyPayload } from "../../contract/payloads.js";
import { words } from "./words.js";

/** What a request came to; `reason` is a sentence for people. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: number; readonly reason: string };

async function ask<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...init });
    const body = response.status === 204 ? null : await response.json();
    if (response.ok) return { ok: true, value: body };
    return { ok: false, status: response.status, reason: reasonIn(body) ?? response.statusText };
  } catch {
    return { ok: false, status: 0, reason: words.unreachable };
  }
}

/** `{error: {message}}` as commands are answered and as the API says it. */
function reasonIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("error" in body)) return null;
  const { error } = body;
  if (typeof error === "string") return error;
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return null;
}

function sending(method: string, body: object): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export const whoAmI = () => ask<SessionAnswer>("/api/session");
export const learning = () => ask<LearningAnswer>("/api/learning");
export const signIn = (token: string) => ask<SessionAnswer>("/api/session", sending("POST", { token }));
export const signOut = () => ask<null>("/api/session", { method: "DELETE" });

export function preview(camera: string, threshold: number, signal: AbortSignal): Promise<Answer<ThresholdPreview>> {
  const path = `/api/cameras/${encodeURIComponent(camera)}/threshold-preview?threshold=${threshold}`;
  return ask<ThresholdPreview>(path, { signal });
}

/** Gives one of MQTT's commands, by the same schema. */
export async function command<T = unknown>(name: string, args: object): Promise<Answer<T>> {
  const answer = await ask<ReplyPayload>(`/api/commands/${name}`, sending("POST", { id: commandId(), ...args }));
  if (!answer.ok) return answer;
  const reply = answer.value;
  return reply.ok ? { ok: true, value: reply.result as T } : { ok: false, status: 200, reason: reply.error.message };
}

/** Where the page comes from another machine without TLS the browser has no randomUUID. */
function commandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
