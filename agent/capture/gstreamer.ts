/** Pictures out of a GStreamer launch line. The only file that imports gstreamer-superficial. */
import { createRequire } from "node:module";
import { concealing } from "../../config/mask.js";
import { messageOf } from "../../errors.js";
import type { Size } from "../types.js";
import { createBus } from "./bus.js";
import type { FrameSource, Grab } from "./frame-source.js";
import { packRows } from "./rows.js";

/** A message of the bus: the fields of its structure, and these. */
export interface BusMessage {
  readonly type: string;
  readonly _src_element_name: string;
  readonly message?: string;
  readonly code?: string;
}

interface Caps {
  readonly width?: number;
  readonly height?: number;
}

interface AppSrc {
  push(buffer: Uint8Array): void;
}

interface AppSink {
  /** Occupies a thread of libuv's pool until there is a buffer, or null: the stream ended, failed or was stopped. */
  pull(callback: (buffer: Buffer | null, caps: Caps) => void): void;
  readonly eos: boolean;
  /** A GstStructure as text. */
  readonly stats: string;
}

/** An `identity silent=false`. */
interface Gauge {
  /** Such as `chain ******* (gauge:sink) (57600 bytes, dts: none, pts: 0:00:00.1, ...`; of the last buffer or event. */
  readonly "last-message": string | null;
}

export interface NativePipeline {
  play(): void;
  stop(): void;
  pollBus(callback: (message: BusMessage) => void): void;
  findChild(name: string): unknown;
  "auto-flush-bus": boolean;
}

interface Binding {
  readonly Pipeline: new (launch: string) => NativePipeline;
}

/** Names that launch lines give to the elements that are spoken to from here. */
export const sinkName = "frames";
export const nativeSinkName = "native";
const gaugeName = "gauge";
const bellName = "bell";

let binding: Binding | undefined;

/** Loaded with the first camera that needs it: the demo line works where GStreamer is missing. One thread only may load it. */
function load(): Binding {
  binding ??= createRequire(import.meta.url)("gstreamer-superficial") as Binding;
  return binding;
}

export interface GstreamerOptions {
  /** Ends in `appsink name=frames`; a second sink, `name=native`, sees the camera's own pictures, `name=gauge` their bytes. */
  readonly launch: string;
  /** Of the pictures that reach `frames`. */
  readonly input: Size;
  /** The line's `appsrc` for pictures that are pushed. */
  readonly feed?: string;
  /** What stands in the line and is nobody's to see. */
  readonly secrets?: readonly string[];
}

/**
 * A source that plays a launch line. The pipeline is made once and started again after each loss: the binding never frees one.
 * A line that GStreamer cannot parse (an element is missing) makes `grab` yield `lost` with GStreamer's words. It is parsed once:
 * a process never finds elements that it did not find before, and what a failed parse made of the line is not freed.
 */
export function createGstreamerSource({ launch, input, feed, secrets }: GstreamerOptions): GstreamerSource {
  let made: Made | undefined;
  let running = false;
  let stopping: Promise<void> | undefined;
  let unmakeable: string | null = null;
  let native: Native | undefined;
  let pulled = 0;
  const conceal = concealing(launch, secrets);

  function make(): Made {
    const { Pipeline } = load();
    // The bell is linked to nothing: it only rings through the bus (see bus.ts).
    const line = `${launch} appsrc name=${bellName}`;
    const pipeline = new Pipeline(line);
    const sink = pipeline.findChild(sinkName) as AppSink;
    const nativeSink = pipeline.findChild(nativeSinkName) as AppSink | undefined;
    const gauge = pipeline.findChild(gaugeName) as Gauge | undefined;
    const source = feed === undefined ? undefined : (pipeline.findChild(feed) as AppSrc);
    return { pipeline, source, sink, nativeSink, gauge, bus: createBus(pipeline, pipeline.findChild(bellName)) };
  }

  function start(): void {
    running = true;
    if (made === undefined && unmakeable === null) {
      try {
        made = make();
      } catch (error) {
        unmakeable = messageOf(error);
      }
    }
    if (made === undefined) return;
    pulled = 0;
    native = undefined;
    made.bus.open();
    made.pipeline.play();
    made.bus.listen(() => made?.pipeline.stop());
  }

  async function grab(): Promise<Grab> {
    if (!running) return lost("stopped");
    if (made === undefined) return lost(conceal(unmakeable ?? "not started"));
    const { sink, nativeSink, gauge } = made;
    const shot = await pull(sink);
    if (shot === null) return endOf(made, sink.eos);
    const { buffer, caps } = shot;
    pulled += 1;
    const missed = missedBefore(sink, pulled);
    pulled += missed;
    if (nativeSink === undefined) native ??= { size: sizeOf(caps, input), bytes: 0 };
    else if (native === undefined || resized(gauge, native)) native = await nativeOf(nativeSink, input);
    return { kind: "picture", pixels: packRows(buffer, input), native: native.size, missed };
  }

  /** Stops, so that all that the bus has to say about the end can be heard. */
  async function endOf({ bus }: Made, eos: boolean): Promise<Grab> {
    const wasRunning = running;
    await stop();
    const fault = bus.fault();
    if (fault !== null) return lost(conceal(fault));
    if (!wasRunning) return lost("stopped");
    return eos ? { kind: "ended" } : lost("the stream broke off");
  }

  function stop(): Promise<void> {
    if (running && made !== undefined) {
      made.pipeline.stop();
      stopping = made.bus.drain();
    }
    running = false;
    return stopping ?? Promise.resolve();
  }

  return {
    start,
    grab,
    stop,
    answered: () => made?.bus.answered() ?? false,
    // A line that could not be made says so when it is asked for a picture.
    push: (picture) => made?.source?.push(picture),
  };
}

export interface GstreamerSource extends FrameSource {
  /** Hands a picture to the line's `feed`. */
  push(picture: Uint8Array): void;
}

interface Made {
  readonly pipeline: NativePipeline;
  readonly sink: AppSink;
  readonly source: AppSrc | undefined;
  readonly nativeSink: AppSink | undefined;
  readonly gauge: Gauge | undefined;
  readonly bus: ReturnType<typeof createBus>;
}

function lost(reason: string): Grab {
  return { kind: "lost", reason };
}

function pull(sink: AppSink): Promise<{ readonly buffer: Buffer; readonly caps: Caps } | null> {
  return new Promise((resolve) => sink.pull((buffer, caps) => resolve(buffer === null ? null : { buffer, caps })));
}

/** The camera's own picture: looked at once, and again when its bytes change, since each look copies it. */
interface Native {
  readonly size: Size;
  readonly bytes: number;
}

async function nativeOf(sink: AppSink, fallback: Size): Promise<Native> {
  const shot = await pull(sink);
  return { size: sizeOf(shot?.caps ?? {}, fallback), bytes: shot?.buffer.length ?? 0 };
}

/** Whether pictures of another size or format arrive; what the gauge saw may be a frame or two ahead of the one judged. */
function resized(gauge: Gauge | undefined, { bytes }: Native): boolean {
  const passing = /\((\d+) bytes/.exec(gauge?.["last-message"] ?? "")?.[1];
  return passing !== undefined && Number(passing) !== bytes;
}

function sizeOf({ width, height }: Caps, fallback: Size): Size {
  return width === undefined || height === undefined ? fallback : { width, height };
}

/** An appsink of GStreamer 1.22 does not count what it drops, but every buffer that reaches it is `rendered`. */
function missedBefore(sink: AppSink, pulled: number): number {
  const rendered = /rendered=\(guint64\)(\d+)/.exec(sink.stats)?.[1];
  // While it has been pulling, a newer picture may have arrived; it waits in the sink and is not missed yet.
  return rendered === undefined ? 0 : Math.max(0, Number(rendered) - pulled - 1);
}
