import type { CodedError } from "../../errors.js";
import type { Context } from "../types.js";
import type { CommandOutcome } from "./payloads.js";

/** A command as it came; whoever serves it replies exactly once. */
export interface Command {
  readonly command: string;
  readonly id: string | null;
  /** The payload, its `id` included. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly via: "mqtt" | "http";
  /** Who asks, where the way it came tells: MQTT 5's user property `by`, or the name of a token. The payload's `by` is nearer. */
  readonly by: string | null;
  /** The asker as the agent itself knows it, whatever the command says; absent where it came over MQTT. */
  readonly from?: Asker;
  /** Why it is to be refused, where that is known already: then `id` may be null and `args` empty. */
  readonly fault: CodedError | null;
  readonly reply: (outcome: CommandOutcome) => void;
}

/** Who asks over HTTP. */
export interface Asker {
  readonly role: "look" | "act";
  readonly address: string;
  /** The first characters of the session's name; null where a token was shown, or none was needed. */
  readonly session: string | null;
}

/** A message on a topic that is not the agent's own, and that it was told to listen to. */
export interface Heard {
  /** In full. */
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** What a line's control says about the parts that follow. */
export interface CameraContext {
  readonly camera: string;
  /** Null: an empty payload took back what was said before. */
  readonly context: Context | null;
}
