import type { Observable } from "rxjs";
import type { Message } from "../types.js";
import type { KeepSession } from "./broker-session.js";
import type { CameraContext, Command, Heard } from "./inbound.js";
import type { BrokerHealth } from "./payloads.js";

/** The port between the agent and its broker: messages go out, commands and contexts come in. */
export interface MessageSink {
  /** Never rejects: what is given up is counted in `health`. */
  publish(message: Message): Promise<void>;
  health(): BrokerHealth;
  /** What the line's control says. Nothing arrives before the turn in which the sink is opened has ended. */
  readonly context$: Observable<CameraContext>;
  /** What operators ask for; each is replied to once. */
  readonly command$: Observable<Command>;
  /** Of the same broker; to be closed before this is. */
  readonly keepSession: KeepSession;
  /** What comes on topics beside the agent's own that it was told to listen to. */
  readonly heard$: Observable<Heard>;
  close(): Promise<void>;
}
