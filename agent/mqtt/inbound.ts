import { CodedError, messageOf } from "../errors.js";
import type { Received } from "./link.js";
import type { CommandOutcome, Context } from "./payloads.js";
import { inboundOf } from "./topics.js";

/** A well-formed command; whoever carries it out replies exactly once. */
export interface Command {
  readonly command: string;
  readonly id: string;
  /** The payload, its `id` included. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly reply: (outcome: CommandOutcome) => void;
}

/** What a line's control says about the parts that follow. */
export interface CameraContext {
  readonly camera: string;
  readonly context: Context;
}

export interface InboundHandlers {
  readonly command: (command: string, id: string, args: Readonly<Record<string, unknown>>) => void;
  readonly refused: (command: string, id: string | null, fault: CodedError) => void;
  readonly context: (context: CameraContext) => void;
  /** A context that cannot be used: it has nobody to reply to. */
  readonly unusable: (fault: CodedError) => void;
}

const MAX_BYTES = 65_536;

/** Checks what a broker hands us, at the edge; nothing that arrives here may throw. */
export function receive(base: string, message: Received, handlers: InboundHandlers): void {
  const inbound = inboundOf(base, message.topic);
  if (inbound === null) return;
  const parsed = parse(message);
  if (inbound.kind === "context") {
    if (parsed instanceof CodedError) handlers.unusable(parsed);
    else handlers.context({ camera: inbound.camera, context: parsed });
    return;
  }
  const { command } = inbound;
  const id = parsed instanceof CodedError ? null : idOf(parsed);
  const fault = parsed instanceof CodedError ? parsed : commandFault(message, id);
  if (fault !== null) handlers.refused(command, id, fault);
  else if (id !== null && !(parsed instanceof CodedError)) handlers.command(command, id, parsed);
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
  return new CodedError("COMMAND_ID_MISSING", "the command has no id", {
    remedy: 'Give each command an "id" of 1 to 128 characters.',
    at,
  });
}

function parse({ topic, payload }: Received): Readonly<Record<string, unknown>> | CodedError {
  const remedy = "Send a JSON object in UTF-8.";
  if (payload.byteLength > MAX_BYTES) {
    return new CodedError("PAYLOAD_TOO_LARGE", `${payload.byteLength} bytes, the limit is ${MAX_BYTES}`, {
      remedy,
      at: topic,
    });
  }
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return new CodedError("PAYLOAD_INVALID", "not a JSON object", { remedy, at: topic });
  } catch (error) {
    return new CodedError("PAYLOAD_INVALID", messageOf(error), { remedy, at: topic, cause: error });
  }
}
