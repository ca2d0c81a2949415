import { CodedError } from "../../errors.js";
import { commandIn, objectIn } from "../contract/command-payload.js";
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

/** Of a context, since it goes out again with every score. */
const MAX_CONTEXT_BYTES = 4_096;

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
  const { id, args, fault } = commandIn(message.payload, message.topic);
  // What is no command is told first.
  const isRead = fault === null || fault.code === "COMMAND_ID_MISSING";
  handlers.command(command, id, args, isRead && message.retained ? retained(message.topic) : fault);
}

function contextIn(message: Received, validate: Validator): Context | null | CodedError {
  // MQTT clears a retained message so, and subscribers receive it.
  if (message.payload.byteLength === 0) return null;
  const parsed = objectIn(message.payload, { at: message.topic, limit: MAX_CONTEXT_BYTES });
  if (parsed instanceof CodedError) return parsed;
  const faults = validate("context", parsed) ?? [];
  if (faults.length === 0) return parsed;
  return new CodedError("CONTEXT_INVALID", faults.join("; "), {
    at: message.topic,
    remedy: "Send a JSON object after agent/contract/schemas/context.json.",
  });
}

function retained(at: string): CodedError {
  const remedy = "Send commands without the retain flag, and clear this one with an empty retained message.";
  const message = "a retained command is refused: it would repeat at every restart";
  return new CodedError("COMMAND_RETAINED", message, { remedy, at });
}
