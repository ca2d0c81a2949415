import type { Asker } from "./inbound.js";

/** One command and what came of it, as the agent's trail of commands keeps it. */
export interface CommandRecord {
  /** RFC 3339: when it came. */
  readonly ts: string;
  readonly command: string;
  /** Null for one so malformed that it has none. */
  readonly id: string | null;
  /** The asker, by the command itself or by the way it came; null where it is not known. */
  readonly by: string | null;
  readonly via: "mqtt" | "http";
  /** The asker as the agent itself knows it; absent where it came over MQTT. */
  readonly from?: Asker;
  /** The payload without `id` and `by`; null where its schema refuses it: then it may hold anything. */
  readonly args: Readonly<Record<string, unknown>> | null;
  readonly ok: boolean;
  /** What it changed, and from what, where it changed something. */
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly durationMs: number;
}
