import type { BusMessage, NativePipeline } from "./binding.js";

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
  let value = 0;
  let rung = 0;
  let heard = 0;
  let fault: string | null = null;
  let answered = false;
  let onFault: () => void = () => undefined;
  let onHeard: () => void = () => undefined;

  const ring = (): void => {
    // A new value each time, else there is no message; small, since the binding passes numbers as 32-bit floats.
    value = (value % 1_000_000) + 1;
    ringer["min-latency"] = value;
    rung += 1;
  };
  const note = (message: BusMessage): void => {
    const first = fault === null;
    if (message.message !== undefined) fault ??= message.message;
    if (message.code === "open" && message.type === "GST_PROGRESS_TYPE_COMPLETE") answered = true;
    if (isBell(message)) heard += 1;
    // One may be left over for the next time: nobody waits for it.
    if (heard >= rung - 1) onHeard();
    // Whichever request heard it: one left over from the time before may share the bus with the newest.
    if (first && fault !== null) onFault();
  };

  return {
    open() {
      pipeline["auto-flush-bus"] = false;
      fault = null;
      answered = false;
      onFault = () => undefined;
      onHeard = () => undefined;
    },
    listen(tell) {
      onFault = tell;
      pipeline.pollBus(note);
    },
    async drain() {
      onFault = () => undefined;
      let done = false;
      const quiet = new Promise<void>((resolve) => {
        onHeard = () => {
          done = true;
          // Not at once: whoever waits may play again, and the binding, back from here, would take this request for a listener's.
          setImmediate(resolve);
        };
      });
      // One for the listener, whose thread may be waiting, and one for ourselves.
      ring();
      ring();
      const hear = (): void =>
        pipeline.pollBus((message) => {
          note(message);
          if (!done) setImmediate(hear);
        });
      hear();
      await quiet;
    },
    fault: () => fault,
    answered: () => answered,
  };
}

function isBell({ type, _src_element_name: source }: BusMessage): boolean {
  return type === "latency" && source === "bell";
}
