import type { BusMessage, NativePipeline } from "./gstreamer.js";

export interface Bus {
  /** Before each `play`. */
  open(): void;
  /** After each `play`: hears until the pipeline stops. @param onFault at the first error, once */
  listen(onFault: () => void): void;
  /** After `stop`: hears what is left. Resolves when no thread waits for the bus any more. */
  drain(): Promise<void>;
  /** The first error since `open`, which is the cause; later ones are its consequences. */
  fault(): string | null;
  /** Whether a network source reported that it reached its camera. */
  answered(): boolean;
}

/**
 * The bus of a pipeline, heard so that it can always be let go. The binding waits for a message in a pool thread, without a
 * limit, and asks again only while the pipeline is not stopped. A bus that flushes itself (GStreamer's default) could leave that
 * thread waiting for ever, and the process with it; so it keeps its messages, and a bell of our own marks their end.
 * @param bell an `appsrc` that is linked to nothing: setting its latency puts a message on the bus, in any state
 */
export function createBus(pipeline: NativePipeline, bell: unknown): Bus {
  const ringer = bell as { "min-latency": number };
  let rings = 0;
  let fault: string | null = null;
  let answered = false;

  const ring = (): void => {
    // A new value each time, else there is no message. Far below a 32-bit float's exact integers, which the binding uses.
    rings = (rings % 1_000_000) + 1;
    ringer["min-latency"] = rings;
  };
  const note = (message: BusMessage): void => {
    if (message.message !== undefined && isError(message)) fault ??= message.message;
    if (message._src_element_name.startsWith("rtspsrc") && message.code === "open") answered = true;
  };

  return {
    open() {
      pipeline["auto-flush-bus"] = false;
      fault = null;
      answered = false;
    },
    listen(onFault) {
      pipeline.pollBus((message) => {
        const before = fault;
        note(message);
        if (before === null && fault !== null) onFault();
      });
    },
    drain: () =>
      new Promise((resolve) => {
        // One for the listener, whose thread may be waiting, and one for ourselves: the one left over is heard next time.
        ring();
        ring();
        const hear = (): void =>
          pipeline.pollBus((message) => {
            note(message);
            if (isBell(message)) resolve();
            else setImmediate(hear);
          });
        hear();
      }),
    fault: () => fault,
    answered: () => answered,
  };
}

function isError({ type, message }: BusMessage): boolean {
  return message !== undefined && (type === "error" || type.startsWith("GST_MESSAGE_ERROR"));
}

function isBell({ type, _src_element_name: source }: BusMessage): boolean {
  return type === "latency" && source === "bell";
}
