/** What is used of gstreamer-superficial, the binding to GStreamer. The only file that imports it. */
import { createRequire } from "node:module";

/** A message of the bus: the fields of its structure, and these. */
export interface BusMessage {
  readonly type: string;
  readonly _src_element_name: string;
  readonly message?: string;
  readonly code?: string;
}

/** The fields of a picture's caps that have a type in JavaScript. */
export interface Caps {
  readonly width?: number;
  readonly height?: number;
}

export interface AppSrc {
  push(buffer: Uint8Array): void;
}

export interface AppSink {
  /** Occupies a thread of libuv's pool until there is a buffer, or null: the stream ended, failed or was stopped. */
  pull(callback: (buffer: Buffer | null, caps: Caps, number?: number) => void): void;
  readonly eos: boolean;
  /** A GstStructure as text. */
  readonly stats: string;
}

/** An `appsink` that holds the newest buffers for who wants one of them. */
export interface HoldingSink extends AppSink {
  /**
   * Yields the buffer of a number as RGB, and lets go of it and of those before it. Null where it is not held, or is nothing that
   * `videoconvert` knows. Waits for none; converts in a thread of libuv's pool. Patched in, as numbers are.
   */
  take(number: number, callback: (buffer: Buffer | null, caps: Caps) => void): void;
  "max-buffers": number;
  /** The newest buffer, a copy, held or not. There must have been one. */
  readonly "last-sample": { readonly buf: Buffer | null; readonly caps: Caps };
}

/** An `identity`. */
export interface Gauge {
  /** A GstStructure as text: how many buffers, of how many bytes together, have passed since the pipeline was started. */
  readonly stats: string;
  /** Numbers the buffers that pass, from 1 on, whether the pipeline is started again or not. To be called once. */
  numberBuffers(): void;
}

/** A `valve`. */
export interface Valve {
  drop: boolean;
}

export interface NativePipeline {
  play(): void;
  stop(): void;
  /** Hands over each message of the bus until the pipeline is stopped; occupies a thread of libuv's pool meanwhile. */
  pollBus(callback: (message: BusMessage) => void): void;
  /** An element by its name; undefined where the line has none of that name. */
  findChild(name: string): unknown;
  "auto-flush-bus": boolean;
}

interface Binding {
  readonly Pipeline: new (launch: string) => NativePipeline;
}

let binding: Binding | undefined;

/**
 * A pipeline of a launch line, in one thread only. The binding is loaded with the first of them: the demo line works where GStreamer is
 * missing. It never frees a pipeline. Throws with GStreamer's words where it cannot parse the line.
 */
export function parseLaunch(launch: string): NativePipeline {
  binding ??= createRequire(import.meta.url)("gstreamer-superficial") as Binding;
  return new binding.Pipeline(launch);
}

/** A buffer that a sink has handed over: a copy, ours. */
export interface Shot {
  readonly buffer: Buffer;
  readonly caps: Caps;
  /** Of a line whose gauge numbers buffers. */
  readonly number: number | undefined;
}

/** The next buffer of a sink; null where the stream ended, failed or was stopped. */
export function pull(sink: AppSink): Promise<Shot | null> {
  return new Promise((resolve) =>
    sink.pull((buffer, caps, number) => resolve(buffer === null ? null : { buffer, caps, number })),
  );
}
