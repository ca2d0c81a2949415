/** What doctor makes of what is plugged in, from listings of boards (fixtures/cameras). */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type CameraSources, cameraChecks } from "../../agent/doctor/cameras.js";
import { checkConfig } from "../../config/load.js";
import { packageRoot } from "../../config/package-root.js";
import { cameraConfig, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("doctor's cameras");

const nothing: CameraSources = {
  videoDir: "/nowhere",
  openable: async () => undefined,
  gstreamerList: async () => "Probing devices...\n\n",
  aravisList: async () => "No device found\n",
  board: "generic",
};

const listing = (name: string) => async () =>
  readFileSync(join(packageRoot(), "test/fixtures/cameras", `${name}.txt`), "utf8");

/** Each local camera's place and words. */
async function found(sources: Partial<CameraSources>, cameras = [cameraConfig("a")]): Promise<readonly string[]> {
  const checks = await cameraChecks(cameras, { ...nothing, ...sources });
  return checks
    .filter(({ code }) => !code.startsWith("CAMERA_ARAVIS"))
    .map(({ path, message }) => `${path}: ${message}`);
}

test("doctor: a Jetson of GStreamer 1.14: a sensor that gives colours and a USB camera are Video4Linux's, at the largest pictures that are not very slow", async () => {
  assert.equal(await found({ gstreamerList: listing("jetson-tx2-gstreamer-1.14"), board: "jetson" }), [
    "/dev/video0: vi-output, ov5640 32-003c, up to 1920 x 1080 at 30 frames/s; source: { type: v4l2, device: /dev/video0, width: 1920, height: 1080, format: UYVY }",
    "/dev/video1: HD Pro Webcam C920, up to 1920 x 1080 at 30 frames/s; source: { type: v4l2, device: /dev/video1, width: 1920, height: 1080, format: MJPG }",
  ]);
});

test("doctor: a Jetson's bare sensors are its own camera stack's, numbered; a camera that two providers name is one", async () => {
  assert.equal(await found({ gstreamerList: listing("jetson-orin-gstreamer-1.20"), board: "jetson" }), [
    "/dev/video0: vi-output, imx219 9-0010, up to 3280 x 2464 at 21 frames/s; source: { type: csi, sensorId: 0 }",
    "/dev/video1: vi-output, imx219 10-0010, up to 3280 x 2464 at 21 frames/s; source: { type: csi, sensorId: 1 }",
    "/dev/video2: HD Pro Webcam C920, up to 1920 x 1080 at 30 frames/s; source: { type: v4l2, device: /dev/video2, width: 1920, height: 1080, format: MJPG }",
  ]);
});

test("doctor: a Raspberry Pi's camera is libcamera's; a desktop's with PipeWire are found by their devices, and a microphone is none", async () => {
  assert.equal(await found({ gstreamerList: listing("raspberry-pi-libcamera") }), [
    "/base/soc/i2c0mux/i2c@1/imx219@10: /base/soc/i2c0mux/i2c@1/imx219@10, up to 3280 x 2464; source: { type: csi }",
  ]);
  assert.equal(await found({ gstreamerList: listing("debian-pipewire") }), [
    "/dev/video0: C270 HD WEBCAM (V4L2), up to 1280 x 720 at 30 frames/s; source: { type: v4l2, device: /dev/video0, width: 1280, height: 720, format: MJPG }",
    "/dev/video2: Industrial Camera (V4L2), up to 1920 x 1200 at 30 frames/s; source: { type: v4l2, device: /dev/video2, width: 1920, height: 1200, format: GRAY8 }",
  ]);
});

test("doctor: the source that it proposes for a camera is one that the configuration takes", async () => {
  const names = [
    "jetson-tx2-gstreamer-1.14",
    "jetson-orin-gstreamer-1.20",
    "raspberry-pi-libcamera",
    "debian-pipewire",
  ];
  const lines = await Promise.all(names.map((name) => found({ gstreamerList: listing(name), board: "jetson" })));
  const aravis = await cameraChecks([], { ...nothing, aravisList: async () => "Basler-21876543 (192.168.0.20)\n" });
  const proposed = [...lines.flat(), ...aravis.map(({ message }) => message)].flatMap(
    (line) => line.match(/source: \{.*\}$/) ?? [],
  );
  assert.is(proposed.length, 9);
  const file = join(temporaryFolder(), "line.yaml");
  const cameras = proposed.map((source, index) => `  - { id: c${index}, model: demo, ${source} }`);
  writeFileSync(file, ["models: { demo: { path: /bundle } }", "cameras:", ...cameras, ""].join("\n"));
  assert.equal(checkConfig({ file, env: {}, set: [] }).problems, []);
});

test("doctor: a camera that the configuration uses already is told by whom, a link to its device followed", async () => {
  const link = join(temporaryFolder(), "by-id");
  symlinkSync("/dev/null", link);
  const list = async () => (await listing("debian-pipewire")()).replaceAll("/dev/video0", "/dev/null");
  const cameras = [cameraConfig("front", { source: { type: "v4l2", device: link } })];
  assert.match((await found({ gstreamerList: list }, cameras))[0] ?? "", /^\/dev\/null: C270 .*; camera front$/);
});

test("doctor: without GStreamer's tool the kernel's devices are named; one that this user may not open is told, with what to do; nothing at all is a note", async () => {
  const videoDir = temporaryFolder();
  mkdirSync(join(videoDir, "video0"));
  writeFileSync(join(videoDir, "video0", "name"), "HD Webcam\n");
  const gstreamerList = () => Promise.reject(new Error("ENOENT"));
  const codes = async (sources: Partial<CameraSources>) =>
    (await cameraChecks([], { ...nothing, ...sources })).map(({ level, code, path }) => `${level} ${code} ${path}`);
  assert.equal(await codes({ videoDir, gstreamerList }), [
    "note CAMERA_LIST_UNKNOWN cameras",
    "ok CAMERA_V4L2 /dev/video0",
    "note CAMERA_ARAVIS_NONE GigE/USB3 Vision",
  ]);
  const openable = () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }));
  const [closed] = await cameraChecks([], { ...nothing, videoDir, openable });
  assert.equal([closed?.level, closed?.code], ["note", "CAMERA_V4L2_FORBIDDEN"]);
  assert.match(closed?.remedy ?? "", "group video");
  assert.equal(await codes({}), ["note CAMERA_V4L2_NONE video devices", "note CAMERA_ARAVIS_NONE GigE/USB3 Vision"]);
  const aravisList = () => Promise.reject(new Error("ENOENT"));
  assert.is((await codes({ aravisList })).at(-1), "note CAMERA_ARAVIS_UNKNOWN GigE/USB3 Vision");
});

test("doctor: a listing that is cut off, or of something else, names no camera that is not there", async () => {
  for (const text of [
    "",
    "Device found:\n",
    "Device found:\n\tname  : x\n",
    "\u0000".repeat(100),
    "Device found:\n".repeat(10_000),
  ])
    assert.equal(await found({ gstreamerList: async () => text }), ["video devices: no camera is plugged in"]);
});

test.run();
