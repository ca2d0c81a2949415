/** Pictures out of a GStreamer launch line. */
import { concealing } from "../../config/mask.js";
import { messageOf } from "../../errors.js";
import type { Size } from "../types.js";
import { type AppSink, type AppSrc, type Gauge, type HoldingSink, parseLaunch, pull, type Valve } from "./binding.js";
import { type Bus, createBus } from "./bus.js";
import type { FrameSource, Grab } from "./frame-source.js";
import { createGate, type Gate } from "./gate.js";
import { ELEMENTS } from "./launch/tail.js";
import { Originals } from "./originals.js";
import { packRows } from "./rows.js";

const BELL = "bell";

export interface GstreamerOptions {
  /** Ends as launch/tail.ts has it. */
  readonly launch: string;
  /** Of the pictures that the line yields. */
  readonly input: Size;
  /** The line's `appsrc` for pictures that are pushed. */
  readonly feed?: string;
  /** How many of the camera's own pictures are held at least; see Originals. */
  readonly held: number;
  /** What stands in the line and is nobody's to see. */
  readonly secrets?: readonly string[];
}

export interface GstreamerSource extends FrameSource {
  /** Hands a picture to the line's `feed`. */
  push(picture: Uint8Array): void;
}

/** A pipeline and what is spoken to in it. */
interface Made {
  play(): void;
  stop(): void;
  readonly bus: Bus;
  readonly sink: AppSink;
  readonly nativeSink: HoldingSink;
  readonly originals: Originals;
  readonly gauge: Gauge;
  /** Of live lines. */
  readonly gate: Gate | undefined;
  readonly feed: AppSrc | undefined;
}

/**
 * A source that plays a launch line. The pipeline is made once and started again after each loss: the binding never frees one.
 * A line that GStreamer cannot parse (an element is missing) makes `grab` yield `lost` with GStreamer's words. It is parsed once:
 * a process never finds elements that it did not find before, and what a failed parse made of the line is not freed.
 */
export function createGstreamerSource(options: GstreamerOptions): GstreamerSource {
  const { launch, input, secrets } = options;
  let made: Made | undefined;
  let running = false;
  let waiting = false;
  let stopping: Promise<void> | undefined;
  let unmakeable: string | null = null;
  let native: Native | undefined;
  /** Pictures of a live line that were taken or missed: one fewer than there are where the newest may still be taken. */
  let accounted = 0;
  const conceal = concealing(launch, secrets);

  function start(): void {
    running = true;
    if (made === undefined && unmakeable === null) {
      try {
        made = make(options);
      } catch (error) {
        unmakeable = messageOf(error);
      }
    }
    if (made === undefined) return;
    native = undefined;
    accounted = 0;
    made.gate?.reset();
    made.originals.begin();
    made.bus.open();
    made.play();
    made.bus.listen(() => made?.stop());
  }

  async function grab(): Promise<Grab> {
    if (!running) return lost("stopped");
    if (made === undefined) return lost(conceal(unmakeable ?? "not started"));
    const { sink, nativeSink, originals, gauge, gate } = made;
    waiting = true;
    const shot = await (gate === undefined ? pull(sink) : gate.next());
    waiting = false;
    if (shot === null) return endOf(made, sink.eos);
    const passed = passedBy(gauge);
    if (native === undefined || isResized(native, passed)) {
      native = nativeOf(nativeSink, passed, input);
      originals.hold(native.bytes);
    }
    // Where nothing is live, each picture waits for its turn.
    const missed = gate === undefined ? 0 : Math.max(0, passed.pictures - accounted - 2);
    accounted += missed + 1;
    try {
      const pixels = packRows(shot.buffer, input);
      return { kind: "picture", pixels, native: native.size, missed, original: originals.of(shot.number) };
    } catch (error) {
      return lost(messageOf(error));
    }
  }

  /** Why there are no more pictures. Stops, so that all that the bus has to say about the end can be heard. */
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
      if (waiting) made.originals.stoppedWaiting();
      made.stop();
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
    push: (picture) => made?.feed?.push(picture),
  };
}

function make({ launch, feed, held }: GstreamerOptions): Made {
  // The bell is linked to nothing: it only rings through the bus (see bus.ts).
  const pipeline = parseLaunch(`${launch} appsrc name=${BELL}`);
  const sink = pipeline.findChild(ELEMENTS.frames) as AppSink;
  const nativeSink = pipeline.findChild(ELEMENTS.native) as HoldingSink;
  const gauge = pipeline.findChild(ELEMENTS.gauge) as Gauge;
  gauge.numberBuffers();
  const valve = pipeline.findChild(ELEMENTS.gate) as Valve | undefined;
  return {
    play: () => pipeline.play(),
    stop: () => pipeline.stop(),
    bus: createBus(pipeline, pipeline.findChild(BELL)),
    sink,
    nativeSink,
    originals: new Originals(nativeSink, held),
    gauge,
    gate: valve && createGate(valve, sink),
    feed: feed === undefined ? undefined : (pipeline.findChild(feed) as AppSrc),
  };
}

function lost(reason: string): Grab {
  return { kind: "lost", reason };
}

/** The camera's own picture: looked at once, and again when its bytes change, since each look copies it. */
interface Native {
  readonly size: Size;
  /** Of one picture. */
  readonly bytes: number;
  /** What had passed the gauge by then. */
  readonly passed: Passed;
}

interface Passed {
  readonly pictures: number;
  readonly bytes: number;
}

/** Of the newest picture. */
function nativeOf(sink: HoldingSink, passed: Passed, fallback: Size): Native {
  const { buf, caps } = sink["last-sample"];
  const { width, height } = caps;
  const size = width === undefined || height === undefined ? fallback : { width, height };
  return { size, bytes: buf?.length ?? 0, passed };
}

/** Whether pictures of another size or format have come since; what has passed may be a frame or two ahead of the one judged. */
function isResized({ bytes, passed: before }: Native, now: Passed): boolean {
  return now.bytes - before.bytes !== (now.pictures - before.pictures) * bytes;
}

/** What has passed the gauge. It is read once for each picture: that takes as long as everything else here. */
function passedBy({ stats }: Gauge): Passed {
  const pictures = Number(/num-buffers=\(guint64\)(\d+)/.exec(stats)?.[1] ?? 0);
  return { pictures, bytes: Number(/num-bytes=\(guint64\)(\d+)/.exec(stats)?.[1] ?? 0) };
}
