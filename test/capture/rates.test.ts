/**
 * Streams whose pictures have no frame rate, a changing one, no duration or no time at all, side by side, with real GStreamer: all of
 * them are inspected, none takes the process with it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { BehaviorSubject } from "rxjs";
import * as assert from "uvu/assert";
import { watchCamera } from "../../agent/capture/camera.js";
import type { CameraEvent } from "../../agent/types.js";
import type { SourceConfig } from "../../config/types.js";
import { cameraConfig, temporaryFolder } from "../support/config.js";
import { startRtspServer } from "../support/rtsp-server.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("streams without a rate");
const input = { width: 32, height: 32 };
const folder = temporaryFolder();
const children: ChildProcess[] = [];
const stops: (() => void)[] = [];
test.after(() => {
  for (const stop of stops) stop();
  for (const child of children) child.kill("SIGKILL");
});

function watch(source: SourceConfig, fps = 10) {
  const events: CameraEvent[] = [];
  const times: number[] = [];
  let ended = false;
  const subscription = watchCamera({
    camera: cameraConfig("cam", { source, fps }),
    input,
    demand$: new BehaviorSubject(1_000_000),
  }).subscribe((event) => {
    events.push(event);
    if (event.kind === "frame") times.push(performance.now());
    if (event.kind === "condition" && event.condition === "ended") ended = true;
  });
  const reasons = () =>
    events.flatMap((event) => (event.kind === "condition" && event.condition === "no-signal" ? [event.reason] : []));
  const stop = () => subscription.unsubscribe();
  stops.push(stop);
  return { times, reasons, ended: () => ended, stop };
}

/** Encodes a short film, or single pictures; the launch line ends before its sink. */
function film(launch: string, sink: string): void {
  execFileSync("gst-launch-1.0", ["-q", ...launch.split(" "), "!", ...sink.split(" ")]);
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

const four = (format: string) =>
  `videotestsrc pattern=ball num-buffers=4 ! video/x-raw,format=${format},width=160,height=120,framerate=10/1`;
const live = (rate: string, rest = "") =>
  `videotestsrc is-live=true pattern=ball ${rest} ! video/x-raw,format=I420,width=160,height=120,framerate=${rate}`;
const unrated = "capssetter caps=video/x-raw,framerate=0/1";
const moving = live("30/1");

test("live: each delivers at the rate that is asked for, whatever its buffers say of rate, duration and time", async () => {
  film(`${four("RGB")} ! pngenc`, `multifilesink location=${folder}/%03d.png`);
  const pngs = `multifilesrc location=${folder}/%03d.png loop=true`;
  const port = await freeUdpPort();
  const lines: Record<string, string> = {
    "PNG, no rate and no times": `${pngs} caps=image/png ! pngdec`,
    "PNG with a rate": `${pngs} caps=image/png,framerate=25/1 ! pngdec ! identity sync=true`,
    "JPEG by UDP": `udpsrc address=127.0.0.1 port=${port} caps=image/jpeg ! jpegdec`,
    "raw, rate unknown": `${moving} ! ${unrated}`,
    "raw, rate untrue": `${moving} ! capssetter caps=video/x-raw,framerate=1/1000`,
    "VP8 in RTP": `${moving} ! vp8enc deadline=1 ! rtpvp8pay ! rtpvp8depay ! vp8dec`,
    "raw in RTP": `${moving} ! rtpvrawpay ! rtpvrawdepay`,
    "two rates": `${live("30/1", "num-buffers=20")} ! c. ${live("90/7")} ! c. concat name=c`,
  };
  const jpegs = `${moving} ! jpegenc ! udpsink host=127.0.0.1 port=${port}`;
  children.push(spawn("gst-launch-1.0", ["-q", ...jpegs.split(" ")], { stdio: "ignore" }));
  const sources: Record<string, SourceConfig> = {};
  for (const [name, launch] of Object.entries(lines)) sources[name] = { type: "gstreamer", launch, live: true };
  const server = await startRtspServer();
  if (server === null) console.log("not tested: no GStreamer RTSP server on this machine");
  else {
    children.push(server.child);
    const rest = { latencyMs: 50, transport: "tcp", codec: "auto" } as const;
    for (const stream of server.streams) {
      sources[`RTSP /${stream}`] = { type: "rtsp", url: `rtsp://127.0.0.1:${server.port}/${stream}`, ...rest };
    }
  }
  const cameras = Object.entries(sources).map(([name, source]) => ({ name, ...watch(source) }));
  for (const { name, times, reasons } of cameras) {
    await until(() => times.length >= 15, `15 pictures of ${name}; no-signal: ${reasons().join(", ")}`, 15_000);
  }
  for (const { name, times, stop } of cameras) {
    stop();
    const seconds = (times.at(-1)! - times[0]!) / 1_000;
    // Three at once at the start is the pace's most (two intervals of jitter); both ends of the time are read some milliseconds late.
    assert.ok(
      times.length <= 10 * (seconds + 0.02) + 3,
      `${name}: ${times.length} pictures in ${seconds} s, with fps: 10`,
    );
  }
});

test("not live: every picture comes", async () => {
  const rateless = `${four("I420")} ! ${unrated}`;
  film(`${rateless} ! jpegenc`, `filesink location=${folder}/film.mjpg`);
  film(`${rateless} ! jpegenc ! matroskamux`, `filesink location=${folder}/jpeg.mkv`);
  film(`${rateless} ! vp8enc ! webmmux`, `filesink location=${folder}/vp8.webm`);
  film(`${rateless} ! vp9enc cpu-used=8 ! webmmux`, `filesink location=${folder}/vp9.webm`);
  const files = ["film.mjpg", "jpeg.mkv", "vp8.webm", "vp9.webm"];
  const sources: SourceConfig[] = [
    ...files.map((name) => ({ type: "file", path: join(folder, name), loop: false }) as const),
    { type: "gstreamer", launch: `multifilesrc location=${folder}/%03d.png caps=image/png ! pngdec`, live: false },
    { type: "gstreamer", launch: rateless, live: false },
  ];
  const cameras = sources.map((source) => ({ source, ...watch(source, 1_000) }));
  for (const { source, times, ended, reasons } of cameras) {
    await until(ended, `the end of ${JSON.stringify(source)}; no-signal: ${reasons().join(", ")}`, 10_000);
    assert.is(times.length, 4, JSON.stringify(source));
  }
});

test.run();
