import { CodedError, messageOf } from "../../errors.js";
import type { CameraContext, Command } from "../contract/inbound.js";
import { inboundOf, levelFault, subscriptions } from "../contract/topics.js";
import type { Validator } from "../contract/validator.js";
import type { Context } from "../types.js";
import type { Received } from "./packet.js";

export interface InboundHandlers {
  /** @param fault why it is to be refused; its `id` may then be null and its `args` empty */
  readonly command: (command: string, id: string | null, args: Command["args"], fault: CodedError | null) => void;
  readonly context: (context: CameraContext) => void;
  /** A context, or a message, that cannot be used and has nobody to reply to. */
  readonly unusable: (fault: CodedError) => void;
}

const MAX_BYTES = 65_536;
/** Of a context, since it goes out again with every score. */
const MAX_CONTEXT_BYTES = 4_096;

/** Of nesting: JSON.parse takes any, and JSON.stringify of such a value runs out of stack. */
const MAX_DEPTH = 32;

/** Whether a value is nested more deeply than any of the contract. */
export function isTooDeep(value: unknown): boolean {
  return isDeeper(value, MAX_DEPTH);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1));
}

/** Checks a message from the broker, at the edge; whatever arrives, it does not throw. */
export function receive(base: string, message: Received, validate: Validator, handlers: InboundHandlers): void {
  const inbound = inboundOf(base, message.topic);
  if (inbound.kind === "own") return;
  if (inbound.kind === "foreign") {
    const text = `a message came there, and the agent subscribed to ${subscriptions(base).join(" and ")}`;
    handlers.unusable(new CodedError("MQTT_TOPIC_FOREIGN", text, { at: message.topic }));
    return;
  }
  if (inbound.kind === "context") {
    const context = contextIn(message, validate);
    if (context instanceof CodedError) handlers.unusable(context);
    else handlers.context({ camera: inbound.camera, context });
    return;
  }
  const { command } = inbound;
  const wrong = levelFault(command);
  if (wrong !== null) {
    // There is no topic to answer on.
    handlers.unusable(new CodedError("COMMAND_NAME_INVALID", `the command's name ${wrong}`, { at: `${base}/cmd` }));
    return;
  }
  const parsed = parse(message, MAX_BYTES);
  const id = parsed instanceof CodedError ? null : idOf(parsed);
  const fault = parsed instanceof CodedError ? parsed : commandFault(message, id);
  handlers.command(command, id, parsed instanceof CodedError ? {} : parsed, fault);
}

function contextIn(message: Received, validate: Validator): Context | null | CodedError {
  // MQTT clears a retained message so, and subscribers receive it.
  if (message.payload.byteLength === 0) return null;
  const parsed = parse(message, MAX_CONTEXT_BYTES);
  if (parsed instanceof CodedError) return parsed;
  const faults = validate("context", parsed) ?? [];
  if (faults.length === 0) return parsed;
  return new CodedError("CONTEXT_INVALID", faults.join("; "), {
    at: message.topic,
    remedy: "Send a JSON object after agent/contract/schemas/context.json.",
  });
}

function idOf({ id }: Readonly<Record<string, unknown>>): string | null {
  return typeof id === "string" && id.length > 0 && id.length <= 128 ? id : null;
}

function commandFault({ retained, topic: at }: Received, id: string | null): CodedError | null {
  if (retained) {
    const remedy = "Send commands without the retain flag, and clear this one with an empty retained message.";
    return new CodedError("COMMAND_RETAINED", "a retained command is refused: it would repeat at every restart", {
      remedy,
      at,
    });
  }
  if (id !== null) return null;
  return new CodedError("COMMAND_ID_MISSING", "the command has no id", { at });
}

function parse({ topic, payload }: Received, limit: number): Readonly<Record<string, unknown>> | CodedError {
  const remedy = "Send a JSON object in UTF-8.";
  if (payload.byteLength > limit) {
    return new CodedError("PAYLOAD_TOO_LARGE", `${payload.byteLength} bytes, the limit is ${limit}`, {
      remedy,
      at: topic,
    });
  }
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return new CodedError("PAYLOAD_INVALID", "not a JSON object", { remedy, at: topic });
    }
    if (!isTooDeep(value)) return value as Record<string, unknown>;
    return new CodedError("PAYLOAD_INVALID", `nested deeper than ${MAX_DEPTH}`, { remedy, at: topic });
  } catch (error) {
    return new CodedError("PAYLOAD_INVALID", messageOf(error), { remedy, at: topic, cause: error });
  }
}
