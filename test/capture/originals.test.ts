/** What the camera itself saw of a frame, for who keeps it: that very picture, or none. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { HoldingSink } from "../../agent/capture/binding.js";
import type { Grab } from "../../agent/capture/frame-source.js";
import { createFrames } from "../../agent/capture/frames.js";
import { createGstreamerSource } from "../../agent/capture/gstreamer.js";
import { createImagesSource } from "../../agent/capture/images.js";
import { launchLine } from "../../agent/capture/launch/sources.js";
import { Originals } from "../../agent/capture/originals.js";
import type { Frame, Original } from "../../agent/types.js";
import { writePng } from "../../models/pictures/images.js";
import { cameraConfig, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("the camera's own pictures");
const native = { width: 64, height: 48 };
/** The lower right quarter, in the camera's own pixels: what is scaled must then be what is cut. */
const roi = { x: 0.5, y: 0.5, width: 0.5, height: 0.5 };
const input = { width: 32, height: 24 };

function open(launch: string, { live = false, held = 5 } = {}) {
  const options = { input, roi, board: "generic" } as const;
  const source = createGstreamerSource({
    launch: launchLine({ type: "gstreamer", launch, live }, options),
    input,
    held,
  });
  const frames = createFrames(cameraConfig("cam", { roi }), input, { wallMs: () => 0, monotonicMs: () => 0 });
  const next = async (): Promise<Frame> => frameOf(frames, await source.grab());
  return { source, next };
}

function frameOf(frames: ReturnType<typeof createFrames>, grab: Grab): Frame {
  assert.is(grab.kind, "picture", JSON.stringify(grab));
  if (grab.kind !== "picture") throw new Error("no picture");
  const event = frames(grab).find(({ kind }) => kind === "frame");
  if (event?.kind !== "frame") throw new Error("no frame");
  return event.frame;
}

/** Each picture of this differs from every other. */
const snow = (format: string, rest = "") =>
  `videotestsrc pattern=snow ${rest} ! video/x-raw,format=${format},width=${native.width},height=${native.height}`;

/** Whether the pixels are those of the frame; it was not scaled, only cut. */
function isOf({ pixels }: Frame, own: Original | null | undefined): boolean {
  return own !== null && own !== undefined && Buffer.from(own.pixels).equals(pixels);
}

for (const format of ["RGB", "I420", "NV12", "YUY2", "GRAY8", "BGRx"]) {
  test(`${format}: it is the picture that the frame was made of, while others are under way`, async () => {
    const { source, next } = open(snow(format));
    source.start();
    const frames: Frame[] = [];
    for (let index = 0; index < 4; index += 1) frames.push(await next());
    for (const frame of frames) {
      assert.equal(frame.view, { x: 32, y: 24, ...input });
      const own = await frame.original?.();
      assert.ok(isOf(frame, own), `frame ${frame.number}`);
      assert.equal(own?.size, input);
    }
    await source.stop();
  });
}

test("of a live camera that nobody asks any more it stays the picture that was judged", async () => {
  const { source, next } = open(`${snow("I420", "is-live=true")},framerate=100/1`, { live: true, held: 3 });
  source.start();
  await next();
  const frame = await next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(isOf(frame, await frame.original?.()));
  await source.stop();
});

test("a picture that is no longer held is none, and no other in its place", async () => {
  const { source, next } = open(snow("RGB"));
  source.start();
  const first = await next();
  for (let index = 0; index < 12; index += 1) await next();
  assert.is(await first.original?.(), null);
  const last = await next();
  await source.stop();
  source.start();
  await next();
  assert.is(await last.original?.(), null, "of the run before");
  await source.stop();
});

test("a folder's picture is its file, as long as that is the same", async () => {
  const path = temporaryFolder();
  const file = join(path, "a.png");
  const pixels = Uint8Array.from({ length: native.width * native.height * 3 }, (_, at) => at % 251);
  await writePng(file, pixels, native, 3);
  const whole = { x: 0, y: 0, width: 1, height: 1 };
  const source = createImagesSource({ path, input, roi: whole });
  source.start();
  const grab = await source.grab();
  if (grab.kind !== "picture") throw new Error(grab.kind);
  assert.equal(await grab.original?.(), { pixels, size: native });
  await writePng(
    file,
    pixels.map((value) => 255 - value),
    native,
    3,
  );
  assert.is(await grab.original?.(), null, "another picture lies there now");
  await rm(file);
  assert.is(await grab.original?.(), null);
});

/** A sink that yields nothing until it is told to. */
class FakeSink implements HoldingSink {
  readonly eos = false;
  readonly stats = "";
  readonly "last-sample" = { buf: null, caps: {} };
  "max-buffers" = 0;
  bytes = 15;
  taken: number[] = [];
  pull(): void {}
  take(number: number, callback: (buffer: Buffer | null, caps: { width?: number; height?: number }) => void): void {
    this.taken.push(number);
    setImmediate(callback, Buffer.alloc(this.bytes), { width: 1, height: 4 });
  }
}

test("two who keep the same frame get the same picture, fetched once", async () => {
  const sink = new FakeSink();
  const originals = new Originals(sink, 3);
  const original = originals.of(7);
  const [one, other] = await Promise.all([original(), original()]);
  assert.is(one, other);
  assert.equal(sink.taken, [7]);
  assert.is(await originals.of(undefined)(), null);
  sink.bytes = 3;
  assert.is(await originals.of(8)(), null, "a buffer that is too short");
});

test("as many are held as fit, and the few that are being judged in any case", () => {
  const sink = new FakeSink();
  const originals = new Originals(sink, 3);
  const heldAt = (bytes: number): number => {
    originals.begin();
    assert.is(sink["max-buffers"], 3);
    originals.hold(bytes);
    return sink["max-buffers"];
  };
  assert.equal([heldAt(1_000), heldAt(6_220_800), heldAt(60_000_000)], [10, 5, 3]);
});

test("a source that falls silent as soon as its pictures are held gets them back at its next start", () => {
  const sink = new FakeSink();
  let nowMs = 0;
  const originals = new Originals(sink, 3, () => nowMs);
  const run = (pictures: number, silentMs: number): number => {
    originals.begin();
    originals.hold(1_000);
    for (let number = 0; number < pictures; number += 1) originals.of(number);
    const held = sink["max-buffers"];
    nowMs += silentMs;
    originals.stoppedWaiting();
    return held;
  };
  // Stopped by hand; gone after hours; never there.
  assert.equal([run(3, 100), run(1_000, 5_000), run(0, 5_000), run(3, 5_000)], [10, 10, 10, 10]);
  assert.is(run(3, 5_000), 1);
});

test.run();
