import { CodedError, messageOf } from "../../errors.js";
import type { Command } from "./inbound.js";

/** Of a command's payload. */
export const MOST_COMMAND_BYTES = 65_536;

/** Of nesting: JSON.parse takes any, and JSON.stringify of such a value runs out of stack. */
const MAX_DEPTH = 32;

/** The parts of a command that its payload holds; `fault`: why it cannot be one, `id` may then be null and `args` empty. */
export type CommandPayload = Pick<Command, "id" | "args" | "fault">;

/** Reads a command's payload at the edge; whatever it is, this does not throw. @param at where it came in */
export function commandIn(payload: Buffer, at: string): CommandPayload {
  const parsed = objectIn(payload, { at, limit: MOST_COMMAND_BYTES });
  if (parsed instanceof CodedError) return { id: null, args: {}, fault: parsed };
  const id = idOf(parsed);
  return {
    id,
    args: parsed,
    fault: id === null ? new CodedError("COMMAND_ID_MISSING", "the command has no id", { at }) : null,
  };
}

/** A JSON object of at most `limit` bytes, or why it is none. @param at where it came in */
export function objectIn(
  payload: Buffer,
  { at, limit }: { readonly at: string; readonly limit: number },
): Readonly<Record<string, unknown>> | CodedError {
  const remedy = "Send a JSON object in UTF-8.";
  if (payload.byteLength > limit) {
    return new CodedError("PAYLOAD_TOO_LARGE", `${payload.byteLength} bytes, the limit is ${limit}`, { remedy, at });
  }
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return new CodedError("PAYLOAD_INVALID", "not a JSON object", { remedy, at });
    }
    if (!isTooDeep(value)) return value as Record<string, unknown>;
    return new CodedError("PAYLOAD_INVALID", `nested deeper than ${MAX_DEPTH}`, { remedy, at });
  } catch (error) {
    return new CodedError("PAYLOAD_INVALID", messageOf(error), { remedy, at, cause: error });
  }
}

/** Whether a value is nested more deeply than any of the contract. */
export function isTooDeep(value: unknown): boolean {
  return isDeeper(value, MAX_DEPTH);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1));
}

function idOf({ id }: Readonly<Record<string, unknown>>): string | null {
  return typeof id === "string" && id.length > 0 && id.length <= 128 ? id : null;
}
