/** GigE Vision, against Aravis's own fake camera on the wire: 512 x 512 at 25 frames/s unless told otherwise. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import type { Rect } from "../../agent/types.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { noVisionCamera, withVisionCamera } from "../support/vision-camera.js";

const missing = noVisionCamera();
if (missing !== null) console.log(`GigE Vision is skipped: ${missing}`);
const test = suite("GigE Vision");
const check = missing === null ? test : test.skip;
const free = { type: "aravis", trigger: "off" } as const;

const tenFrames = `
  plugIn();
  const camera = watch(new BehaviorSubject(10));
  await until(() => camera.frames.length === 10);
  done(camera.frames[9].view);
`;

const ownPicture = `
  plugIn();
  const camera = watch(new BehaviorSubject(10));
  await until(() => camera.frames.length === 10);
  const { view, original } = camera.frames[9];
  const own = await original();
  done({ view, size: own.size, bytes: own.pixels.length });
`;

for (const format of ["mono", "bayer", "rgb"] as const) {
  check(`a camera that is given no size keeps its own, and its picture can be had in it: ${format}`, async () => {
    const { view, ...own } = await withVisionCamera<{ view: Rect }>({
      source: { ...free, format },
      script: ownPicture,
    });
    assert.equal(view, { x: 0, y: 0, width: 512, height: 512 });
    assert.equal(own, { size: { width: 512, height: 512 }, bytes: 512 * 512 * 3 });
  });
}

check("a size that is given is the camera's, rows of odd lengths too", async () => {
  const source = { ...free, width: 321, height: 200 };
  assert.equal(await withVisionCamera<Rect>({ source, script: tenFrames }), { x: 0, y: 0, width: 321, height: 200 });
});

check("pictures larger than a socket's buffer by default arrive whole", async () => {
  if (Number(readFileSync("/proc/sys/net/core/rmem_max", "utf8")) < 1_048_576)
    return console.log("skipped: net.core.rmem_max is too small here");
  const { frames, failed } = await withVisionCamera<{ frames: number; failed: number }>({
    source: free,
    plainSockets: true,
    script: `
      plugIn();
      const camera = watch(new BehaviorSubject(50));
      await until(() => camera.frames.length === 50);
      done({ frames: camera.frames.length, failed: camera.events.filter(({ kind }) => kind === "failed").length });
    `,
  });
  assert.is(frames, 50);
  assert.ok(failed <= 2, `${failed} pictures with holes`);
});

check("software trigger: at most fps, and none that nobody wants", async () => {
  const result = await withVisionCamera<{ ms: number; idle: number; all: number; dropped: number; captureMs: number }>({
    source: { type: "aravis", trigger: "software" },
    script: `
      plugIn();
      const wanted$ = new BehaviorSubject(1);
      const camera = watch(wanted$, 10);
      await until(() => camera.frames.length === 1);
      const began = performance.now();
      wanted$.next(10);
      await until(() => camera.frames.length === 11);
      const ms = performance.now() - began;
      await rest(600);
      const idle = camera.frames.length;
      wanted$.next(1);
      await until(() => camera.frames.length === 12);
      await rest(300);
      const dropped = camera.events.filter(({ kind }) => kind === "dropped").length;
      done({ ms, idle, all: camera.frames.length, dropped, captureMs: camera.frames[11].captureMs });
    `,
  });
  assert.ok(result.ms > 850 && result.ms < 2_500, `10 frames at 10 a second took ${result.ms} ms`);
  assert.is(result.idle, 11);
  assert.is(result.all, 12);
  assert.is(result.dropped, 0, "no picture came that was not asked for");
  assert.ok(result.captureMs > 0, "it is known how long ago it was triggered");
});

check("hardware trigger: without pulses idle for as long as the camera answers, then no signal", async () => {
  const result = await withVisionCamera<{ waiting: string[]; after: string; seconds: number }>({
    source: { type: "aravis", trigger: "hardware", triggerSource: "Line0" },
    script: `
      const fake = plugIn();
      const patience = () => ({ firstMs: 1_500, answeredMs: 1_500, nextMs: 1_500 });
      const camera = watch(new BehaviorSubject(5), 100, { patience });
      await until(() => camera.conditions.includes("idle"));
      // The camera has been asked once meanwhile whether it is still there.
      await rest(2_500);
      const waiting = camera.conditions;
      const began = performance.now();
      fake.kill("SIGKILL");
      await until(() => camera.conditions.length > waiting.length);
      done({ waiting, after: camera.conditions.at(-1), seconds: (performance.now() - began) / 1_000 });
    `,
  });
  assert.equal(result.waiting, ["starting", "idle"]);
  assert.is(result.after, "no-signal");
  console.log(`a triggered camera's loss was seen after ${result.seconds.toFixed(1)} s`);
});

check("a camera that goes and comes back: frames within 7 s, and nothing waits for it meanwhile", async () => {
  const result = await withVisionCamera<{ seconds: number; longestMs: number }>({
    source: free,
    limitMs: 60_000,
    script: `
      const { monitorEventLoopDelay } = await import("node:perf_hooks");
      const fake = plugIn();
      const camera = watch(new BehaviorSubject(1_000_000));
      await until(() => camera.frames.length >= 5);
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      fake.kill("SIGKILL");
      await until(() => camera.conditions.includes("no-signal"));
      await rest(3_000);
      plugIn();
      const before = camera.frames.length;
      const began = performance.now();
      await until(() => camera.frames.length > before);
      done({ seconds: (performance.now() - began) / 1_000, longestMs: delay.max / 1e6 });
    `,
  });
  const { seconds, longestMs } = result;
  console.log(
    `GigE Vision: frames again after ${seconds.toFixed(1)} s; event loop held up ${longestMs.toFixed(0)} ms at most`,
  );
  assert.ok(seconds < 7, `${seconds} s`);
  assert.ok(longestMs < 250, `the event loop stood still for ${longestMs} ms`);
});

check("retort run ends within 5 s beside a camera that has just gone", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "retort.yaml");
  const config = {
    agent: { id: "line-7" },
    models: { plate: { path: await writeTinyBundle() } },
    cameras: [{ id: "cam", model: "plate", source: free, fps: 20, health: { enabled: false } }],
    state: { path: join(folder, "state") },
  };
  await writeFile(file, stringify(config));
  const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));
  const { status, seconds } = await withVisionCamera<{ status: number | null; seconds: number }>({
    source: free,
    script: `
      const fake = plugIn();
      const agent = spawn(process.execPath, [${JSON.stringify(main)}, "run", "--config", ${JSON.stringify(file)}],
        { stdio: ["ignore", "ignore", "inherit"] });
      const ended = new Promise((resolve) => agent.once("exit", resolve));
      const ready = async () => (await fetch("http://127.0.0.1:8080/readyz").catch(() => null))?.ok === true;
      while (!(await ready())) await rest(50);
      fake.kill("SIGKILL");
      await rest(500);
      const began = performance.now();
      agent.kill("SIGTERM");
      const status = await ended;
      done({ status, seconds: (performance.now() - began) / 1_000 });
    `,
  });
  assert.is(status, 0);
  assert.ok(seconds < 5, `${seconds} s`);
});

test.run();
