import type { Context } from "../types.js";
import type { CommandOutcome } from "./payloads.js";

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
  /** Null: an empty payload took back what was said before. */
  readonly context: Context | null;
}
