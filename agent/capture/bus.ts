import type { BusMessage, NativePipeline } from "./binding.js";

/** The messages of a pipeline. */
export interface Bus {
  /** Forgets the last run; called before each `play`. */
  open(): void;
  /** Reads messages until the pipeline stops; called after each `play`. @param onFault called at the first error, once */
  listen(onFault: () => void): void;
  /** Reads the messages that are left; called after `stop`. Resolves when no thread waits for the bus any more. */
  drain(): Promise<void>;
  /** The first error since `open`, which is the cause; later ones are its consequences. */
  fault(): string | null;
  /** Whether a network source has reported since `open` that it reached its camera. */
  answered(): boolean;
}

/**
 * The bus of a pipeline, read so that no thread is left waiting for it. The binding waits for each message in a thread of libuv's pool,
 * without a limit, and asks for the next only while the pipeline is not stopped. Where the bus flushes itself (GStreamer's default), that
 * thread may wait for ever, and the process with it. So this bus keeps its messages, and after a stop a message of our own, the bell, marks
 * their end.
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
    // One ring may be left over for the next drain: nobody waits for it.
    if (heard >= rung - 1) onHeard();
    // By whichever request the error was read: one that is left over from the run before may share the bus with the newest.
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
    listen(callback) {
      onFault = callback;
      pipeline.pollBus(note);
    },
    async drain() {
      onFault = () => undefined;
      let done = false;
      const quiet = new Promise<void>((resolve) => {
        onHeard = () => {
          done = true;
          // Not at once: whoever waits may play again, and the binding, when this call returns, would take the request for a listener's.
          setImmediate(resolve);
        };
      });
      // One ring for the listener, whose thread may be waiting, and one for this drain.
      ring();
      ring();
      const read = (): void =>
        pipeline.pollBus((message) => {
          note(message);
          if (!done) setImmediate(read);
        });
      read();
      await quiet;
    },
    fault: () => fault,
    answered: () => answered,
  };
}

function isBell({ type, _src_element_name: source }: BusMessage): boolean {
  return type === "latency" && source === "bell";
}
