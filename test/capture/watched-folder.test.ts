import { appendFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { BehaviorSubject } from "rxjs";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { Arrivals } from "../../agent/capture/arrivals.js";
import { watchCamera } from "../../agent/capture/camera.js";
import { createWatchedImagesSource } from "../../agent/capture/images.js";
import type { CameraEvent } from "../../agent/types.js";
import { writePng } from "../../models/pictures/images.js";
import { cameraConfig, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("a folder that is watched");
const size = { width: 16, height: 16 };
const stops: (() => void)[] = [];
test.after(() => {
  for (const stop of stops) stop();
});

const picture = (path: string) => writePng(path, new Uint8Array(size.width * size.height * 3), size, 3);

function watch(path: string, mode: "new" | "all") {
  const events: CameraEvent[] = [];
  const subscription = watchCamera(
    {
      camera: cameraConfig("cam1", { source: { type: "images", path, loop: true, watch: mode } }),
      input: size,
      demand$: new BehaviorSubject(1_000),
    },
    { silenceLimits: () => ({ firstMs: 50, answeredMs: 50, nextMs: 50, learned: false }) },
  ).subscribe((event) => void events.push(event));
  stops.push(() => subscription.unsubscribe());
  const files = () => events.flatMap((event) => (event.kind === "frame" ? [event.frame.file] : []));
  const conditions = () => events.flatMap((event) => (event.kind === "condition" ? [event.condition] : []));
  const failures = () => events.flatMap((event) => (event.kind === "failed" ? [event.reason] : []));
  return { files, conditions, failures };
}

test("each picture that comes is one frame with the file's name; what was there before is left alone", async () => {
  const path = temporaryFolder();
  await picture(join(path, "old.png"));
  const camera = watch(path, "new");
  await until(() => camera.conditions().includes("idle"), "idle");
  await picture(join(path, "a.png"));
  await until(() => camera.files().length === 1, "the first");
  await mkdir(join(path, "shift2"));
  await picture(join(path, "shift2", "b.png"));
  await writeFile(join(path, "readme.txt"), "no picture");
  await writeFile(join(path, ".c.png.tmp"), await readFile(join(path, "a.png")));
  await rename(join(path, ".c.png.tmp"), join(path, "c.png"));
  await until(() => camera.files().length === 3, "a picture in a new folder, and a renamed one");
  assert.equal([...camera.files()].sort(), ["a.png", "c.png", join("shift2", "b.png")]);
  assert.equal(camera.failures(), []);
  assert.not(camera.conditions().includes("no-signal"));
});

test("with all, the pictures that are there come first, in the order of their names", async () => {
  const path = temporaryFolder();
  for (const name of ["b.png", "a.png"]) await picture(join(path, name));
  const camera = watch(path, "all");
  await until(() => camera.files().length === 2, "both");
  await picture(join(path, "0.png"));
  await until(() => camera.files().length === 3, "the new one");
  assert.equal(camera.files(), ["a.png", "b.png", "0.png"]);
});

test("a file is waited for until it is whole, in every format", async () => {
  const path = temporaryFolder();
  const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
  const raw = () => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  const whole: Record<string, Buffer> = {
    "a.png": await raw().png().toBuffer(),
    "b.jpg": await raw().jpeg().toBuffer(),
    "c.webp": await raw().webp().toBuffer(),
    "d.tif": await raw().tiff().toBuffer(),
  };
  const camera = watch(path, "new");
  await until(() => camera.conditions().includes("idle"), "idle");
  const parts = (bytes: Buffer) => [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)] as const;
  for (const [name, bytes] of Object.entries(whole)) await writeFile(join(path, name), parts(bytes)[0]);
  // Longer than a file must be quiet: each has been tried, and found wanting.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal([camera.files(), camera.failures()], [[], []]);
  for (const [name, bytes] of Object.entries(whole)) await appendFile(join(path, name), parts(bytes)[1]);
  await until(() => camera.files().length === 4, "all four");
  assert.equal(camera.failures(), []);
});

test("a folder that goes away is no-signal, and what comes after it is back is new", async () => {
  const path = temporaryFolder();
  await picture(join(path, "old.png"));
  const camera = watch(path, "new");
  await until(() => camera.conditions().includes("idle"), "idle");
  await rename(path, `${path}-away`);
  await until(() => camera.conditions().includes("no-signal"), "the loss");
  await rename(`${path}-away`, path);
  await picture(join(path, "new.png"));
  await until(() => camera.files().length === 1, "the new one");
  assert.equal(camera.files(), ["new.png"]);
});

test("a file that stays unreadable is reported once, when it has not changed for ten seconds", async () => {
  const path = temporaryFolder();
  let nowMs = 0;
  const arrivals = new Arrivals(path, false, () => nowMs);
  assert.equal(await arrivals.look(), []);
  await writeFile(join(path, "a.png"), "no picture");
  const seen: boolean[] = [];
  for (nowMs = 0; nowMs <= 30_000; nowMs += 250) seen.push(...(await arrivals.look()).map(({ final }) => final));
  assert.equal(seen, [false, true]);
});

test("pictures that are there at the start stay in their order where the folder is slow to tell of each", async () => {
  const path = temporaryFolder();
  for (const name of ["c.png", "b.png", "a.png"]) await picture(join(path, name));
  let nowMs = 0;
  let readingTakesMs = 10;
  const arrivals = new Arrivals(path, true, () => {
    nowMs += readingTakesMs;
    return nowMs;
  });
  await arrivals.look();
  readingTakesMs = 0;
  let first: readonly string[] = [];
  for (; first.length === 0 && nowMs < 1_000; nowMs += 1) {
    first = (await arrivals.look()).map((arrival) => basename(arrival.path));
  }
  assert.equal(first, ["a.png", "b.png", "c.png"]);
});

test("a share that is mounted anew brings nothing old; one that is gone is not an empty folder", async () => {
  const path = temporaryFolder();
  const mount = join(path, "mount");
  let nowMs = 0;
  await mkdir(mount);
  await picture(join(mount, "old.png"));
  const arrivals = new Arrivals(mount, false, () => nowMs);
  await arrivals.look();
  await rename(mount, join(path, "share"));
  await mkdir(mount);
  await arrivals.look();
  await rm(mount, { recursive: true });
  await rename(join(path, "share"), mount);
  for (nowMs = 0; nowMs < 5_000; nowMs += 250) assert.equal(await arrivals.look(), []);
});

test("a stop ends the wait at once, and nothing of it is left", async () => {
  const source = createWatchedImagesSource({
    path: temporaryFolder(),
    input: size,
    roi: { x: 0, y: 0, width: 1, height: 1 },
    watch: "new",
    monotonicMs: () => performance.now(),
  });
  source.start();
  const pending = source.grab();
  const began = performance.now();
  await source.stop();
  assert.equal(await pending, { kind: "lost", reason: "stopped" });
  assert.ok(performance.now() - began < 200);
});

test.run();
