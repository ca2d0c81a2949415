import { Subject } from "rxjs";
import type { CameraContext, Command, Heard } from "../../agent/contract/inbound.js";
import type { MessageSink } from "../../agent/contract/message-sink.js";
import type { BrokerHealth, CommandOutcome } from "../../agent/contract/payloads.js";
import type { Message } from "../../agent/types.js";

export const noBroker: BrokerHealth = { connected: false, protocol: null, waiting: 0, lost: {}, trouble: null };

export interface FakeSink extends MessageSink {
  /** What was published, in its order. */
  readonly sent: Message[];
  readonly context$: Subject<CameraContext>;
  readonly command$: Subject<Command>;
  readonly heard$: Subject<Heard>;
  readonly closed: () => boolean;
}

/** A broker that takes everything at once and keeps it for the test. */
export function fakeSink(): FakeSink {
  const sent: Message[] = [];
  const context$ = new Subject<CameraContext>();
  const command$ = new Subject<Command>();
  const heard$ = new Subject<Heard>();
  let closed = false;
  return {
    sent,
    context$,
    command$,
    heard$,
    closed: () => closed,
    publish: async (message) => {
      if (!closed) sent.push(message);
    },
    health: () => noBroker,
    keepSession: () => ({ close: async () => undefined }),
    close: async () => {
      closed = true;
      context$.complete();
      command$.complete();
      heard$.complete();
    },
  };
}

/** A command as it comes from the broker. */
export function commandOf(command: string, id: string, onReply: (outcome: CommandOutcome) => void): Command {
  return { command, id, args: { id }, via: "mqtt", by: null, fault: null, reply: onReply };
}
