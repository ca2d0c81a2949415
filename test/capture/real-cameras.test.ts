import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BehaviorSubject } from "rxjs";
import * as assert from "uvu/assert";
import { type CaptureDeps, watchCamera } from "../../agent/capture/camera.js";
import type { CameraEvent } from "../../agent/types.js";
import type { SourceConfig } from "../../config/types.js";
import { cameraConfig } from "../support/config.js";
import { startRtspServer } from "../support/rtsp-server.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** Real video and a real RTSP server. */
const test = suite("real cameras");
const input = { width: 64, height: 64 };
let dir = "";
const children: ChildProcess[] = [];

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-video-"));
});
test.after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await rm(dir, { recursive: true, force: true });
});

function watch(source: SourceConfig, wanted = 1_000_000, deps: Partial<CaptureDeps> = {}) {
  const events: CameraEvent[] = [];
  let completed = false;
  const demand$ = new BehaviorSubject(wanted);
  const subscription = watchCamera({ camera: cameraConfig("cam", { source }), input, demand$ }, deps).subscribe({
    next: (event) => void events.push(event),
    complete: () => {
      completed = true;
    },
  });
  const frames = () => events.flatMap((event) => (event.kind === "frame" ? [event.frame] : []));
  const conditions = () => events.flatMap((event) => (event.kind === "condition" ? [event.condition] : []));
  return { events, frames, conditions, completed: () => completed, stop: () => subscription.unsubscribe() };
}

function has(element: string): boolean {
  return spawnSync("gst-inspect-1.0", [element], { stdio: "ignore" }).status === 0;
}

test("encoded video: every frame comes, none is dropped, then it ends", async () => {
  const path = join(dir, "line.mkv");
  const encoder = has("x264enc") ? "x264enc" : "jpegenc";
  const film = `videotestsrc num-buffers=40 ! video/x-raw,width=320,height=180,framerate=30/1 ! ${encoder} ! matroskamux ! filesink location=${path}`;
  execFileSync("gst-launch-1.0", ["-q", ...film.split(" ")]);
  const camera = watch({ type: "file", path, loop: false });
  await until(camera.completed, "the end of the film", 15_000);
  assert.is(camera.frames().length, 40);
  assert.is(camera.events.filter((event) => event.kind === "dropped").length, 0);
  assert.equal(camera.frames()[0]!.view, { x: 0, y: 0, width: 320, height: 180 });
  assert.equal(camera.conditions(), ["starting", "delivering", "ended"]);
});

test("a video with loop plays on", async () => {
  const camera = watch({ type: "file", path: join(dir, "line.mkv"), loop: true }, 100);
  await until(() => camera.frames().length === 100, "100 frames of a film of 40", 15_000);
  camera.stop();
});

/** Where the ends of a picture's axes lie after turning it: a, b, c, d of the matrix in a track's header (ISO/IEC 14496-12, 8.3.2). */
const turns = {
  "as it is": { matrix: [1, 0, 0, 1], white: "left", size: { width: 320, height: 160 } },
  "a quarter clockwise": { matrix: [0, 1, -1, 0], white: "top", size: { width: 160, height: 320 } },
  "half way round": { matrix: [-1, 0, 0, -1], white: "right", size: { width: 320, height: 160 } },
  "a quarter counterclockwise": { matrix: [0, -1, 1, 0], white: "bottom", size: { width: 160, height: 320 } },
} as const;

test("a video is shown upright, as its header says: pictures and places", async () => {
  const path = join(dir, "plain.mov");
  // White on the left, black on the right.
  const film = `videotestsrc num-buffers=3 pattern=white ! video/x-raw,format=I420,width=160,height=160,framerate=10/1 ! videobox right=-160 ! jpegenc ! qtmux ! filesink location=${path}`;
  execFileSync("gst-launch-1.0", ["-q", ...film.split(" ")]);
  for (const [name, { matrix, white, size }] of Object.entries(turns)) {
    const bytes = await readFile(path);
    const at = bytes.indexOf("tkhd") + 44;
    for (const [index, offset] of [0, 4, 12, 16].entries()) bytes.writeInt32BE(matrix[index]! * 65_536, at + offset);
    const turned = join(dir, "turned.mov");
    await writeFile(turned, bytes);
    const camera = watch({ type: "file", path: turned, loop: false });
    await until(camera.completed, "the end of the film", 10_000);
    assert.is(camera.frames().length, 3);
    for (const { pixels, view } of camera.frames()) {
      assert.equal(view, { x: 0, y: 0, ...size }, name);
      const level = (x: number, y: number) => pixels[(y * input.width + x) * 3]! > 128;
      const [left, right, top, bottom] = [level(8, 32), level(56, 32), level(32, 8), level(32, 56)];
      assert.equal({ left, right, top, bottom }[white], true, name);
      assert.equal({ left: right, right: left, top: bottom, bottom: top }[white], false, name);
    }
  }
});

test("a live source that takes any size keeps its own, not the model's", async () => {
  const camera = watch({ type: "gstreamer", launch: "videotestsrc is-live=true", live: true }, 3);
  await until(() => camera.frames().length === 3, "frames");
  // videotestsrc's own is 320 x 240.
  assert.equal(camera.frames()[0]!.view, { x: 0, y: 0, width: 320, height: 240 });
  camera.stop();
});

test("a camera slower than the silence that is a fault is lost once, and then known to be slow", async () => {
  const launch = "videotestsrc is-live=true ! video/x-raw,framerate=5/2";
  const silenceLimits = () => ({ firstMs: 2_000, answeredMs: 2_000, nextMs: 250, learned: true });
  const camera = watch({ type: "gstreamer", launch, live: true }, 1_000, { silenceLimits });
  await until(() => camera.frames().length === 5, "five frames", 10_000);
  camera.stop();
  assert.equal(camera.conditions(), ["starting", "delivering", "no-signal", "delivering"]);
});

test("what is not there is no-signal, with the reason and the remedy", async () => {
  for (const source of [
    { type: "file", path: join(dir, "none.mp4"), loop: false },
    { type: "v4l2", device: "/dev/video99" },
    { type: "gstreamer", launch: "nosuchelement", live: true },
  ] as const) {
    const camera = watch(source);
    await until(() => camera.conditions().includes("no-signal"), `${source.type} is lost`, 10_000);
    const lost = camera.events.find((event) => event.kind === "condition" && event.condition === "no-signal");
    assert.ok(lost?.kind === "condition" && (lost.reason?.length ?? 0) > 20);
    camera.stop();
  }
});

test("a live source faster than its consumer keeps the newest frame, and counts the rest", async () => {
  const launch = "videotestsrc is-live=true ! video/x-raw,framerate=100/1,width=64,height=64";
  const wanted$ = new BehaviorSubject(1);
  const events: CameraEvent[] = [];
  const subscription = watchCamera({
    camera: cameraConfig("cam", { source: { type: "gstreamer", launch, live: true } }),
    input,
    demand$: wanted$,
  }).subscribe((event) => void events.push(event));
  await until(() => events.some(({ kind }) => kind === "frame"), "the first frame");
  await new Promise((resolve) => setTimeout(resolve, 500));
  wanted$.next(2);
  await until(() => events.filter(({ kind }) => kind === "frame").length === 3, "the frames after the pause");
  subscription.unsubscribe();
  const dropped = events.flatMap((event) => (event.kind === "dropped" ? [event.count] : []));
  const missed = dropped.reduce((sum, count) => sum + count, 0);
  assert.ok(missed >= 20 && missed <= 80, `${missed} of about 50 frames in 500 ms`);
});

test("RTSP: frames flow, the server dies, and within 7 s of its return they flow again", async () => {
  const server = await startRtspServer();
  if (server === null) return console.log("not tested: no GStreamer RTSP server on this machine");
  children.push(server.child);
  const url = `rtsp://127.0.0.1:${server.port}/line`;
  const camera = watch({ type: "rtsp", url, latencyMs: 50, transport: "tcp", codec: "auto" });
  await until(() => camera.frames().length >= 5, "frames over RTSP", 20_000);
  assert.equal(camera.frames()[0]!.view, { x: 0, y: 0, width: 320, height: 240 });
  server.child.kill("SIGKILL");
  await until(() => camera.conditions().includes("no-signal"), "the loss", 10_000);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const again = await startRtspServer(server.port);
  assert.ok(again !== null);
  children.push(again.child);
  const before = camera.frames().length;
  const began = performance.now();
  await until(() => camera.frames().length > before, "frames after the return", 15_000);
  const seconds = (performance.now() - began) / 1_000;
  camera.stop();
  console.log(`RTSP: frames again ${seconds.toFixed(1)} s after the server's return`);
  assert.ok(seconds < 7, `${seconds} s`);
});

test.run();
