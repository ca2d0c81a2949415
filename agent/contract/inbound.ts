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
  /** Why it is to be refused, where that is known already: then `id` may be null and `args` empty. */
  readonly fault: CodedError | null;
  readonly reply: (outcome: CommandOutcome) => void;
}

/** What a line's control says about the parts that follow. */
export interface CameraContext {
  readonly camera: string;
  /** Null: an empty payload took back what was said before. */
  readonly context: Context | null;
}
