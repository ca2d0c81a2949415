import { access, constants, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { CameraConfig } from "../../config/types.js";
import { type ErrorCode, errnoOf, errorCodes, messageOf } from "../../errors.js";
import { type Board, detectBoard } from "../kit/board.js";
import { endOf } from "../kit/program.js";
import type { Check } from "./check.js";
import { bestMode, type CameraMode, type ListedCamera, listedCameras } from "./device-list.js";

/** Where to look for cameras. */
export interface CameraSources {
  /** Linux's folder of video<n>/name. */
  readonly videoDir: string;
  /** Rejects with EACCES where this user may not open a device. */
  readonly openable: (device: string) => Promise<void>;
  /** What GStreamer's device monitor prints; rejects where its tool is missing. */
  readonly gstreamerList: () => Promise<string>;
  /** Aravis's list of GigE and USB3 Vision cameras, a line each; rejects where its tool is missing. */
  readonly aravisList: () => Promise<string>;
  readonly board: Board;
}

const here = (): CameraSources => ({
  videoDir: "/sys/class/video4linux",
  openable: (device) => access(device, constants.R_OK | constants.W_OK),
  gstreamerList: () => run("gst-device-monitor-1.0", "Video/Source"),
  aravisList: async () => {
    try {
      return await run("arv-tool-0.8");
    } catch {
      // Later packages name it without the version; that one's failure is reported.
      return run("arv-tool");
    }
  },
  board: detectBoard(),
});

/** The cameras that are plugged in, or answer on the network, each with the source that plays it; never rejects. */
export async function cameraChecks(
  cameras: readonly CameraConfig[],
  sources: CameraSources = here(),
): Promise<readonly Check[]> {
  const [local, vision] = await Promise.all([localCameras(cameras, sources), visionCameras(sources.aravisList)]);
  return [...local, ...vision];
}

/** A video device of the kernel. */
interface VideoDevice {
  readonly device: string;
  readonly title: string;
}

async function localCameras(cameras: readonly CameraConfig[], sources: CameraSources): Promise<readonly Check[]> {
  const devices = await videoDevices(sources.videoDir);
  const closed = await closedDevices(devices, sources.openable);
  let listed: readonly ListedCamera[];
  try {
    listed = listedCameras(await sources.gstreamerList());
  } catch (error) {
    const blind = note("cameras", "CAMERA_LIST_UNKNOWN", `GStreamer cannot be asked (${messageOf(error)})`);
    const named = devices.map(({ device, title }) => found(device, "CAMERA_V4L2", title));
    return [blind, ...(named.length === 0 ? [noDevice] : named), ...closed];
  }
  const used = await configuredDevices(cameras);
  const sensors = listed.filter((camera) => isRawSensor(camera));
  const checks = listed.map((camera) => {
    const users = camera.device === null ? undefined : used.get(camera.device);
    const as =
      users === undefined ? sourceText(camera, sensors.indexOf(camera), sources.board) : `camera ${users.join(", ")}`;
    const code = camera.device === null || isRawSensor(camera) ? "CAMERA_CSI" : "CAMERA_V4L2";
    return found(camera.device ?? camera.name, code, `${offerText(camera)}; ${as}`);
  });
  return [...(checks.length === 0 && closed.length === 0 ? [noDevice] : checks), ...closed];
}

const noDevice = note("video devices", "CAMERA_V4L2_NONE", "no camera is plugged in");

async function videoDevices(dir: string): Promise<readonly VideoDevice[]> {
  // The kernel makes the folder with the first device.
  const names = await readdir(dir).catch(() => []);
  return Promise.all(
    names.sort().map(async (name) => {
      const title = await readFile(join(dir, name, "name"), "utf8").catch(() => "without a name");
      return { device: `/dev/${name}`, title: title.trim() };
    }),
  );
}

/** Those that this user may not open: GStreamer passes them over without a word. */
async function closedDevices(
  devices: readonly VideoDevice[],
  openable: CameraSources["openable"],
): Promise<readonly Check[]> {
  const checks = devices.map(async ({ device, title }) => {
    const errno = await openable(device).then(() => null, errnoOf);
    const text = `${title}: this user may not open it`;
    return errno === "EACCES" || errno === "EPERM" ? [note(device, "CAMERA_V4L2_FORBIDDEN", text)] : [];
  });
  return (await Promise.all(checks)).flat();
}

/** Which cameras of the configuration use a device; links such as /dev/v4l/by-id lead to theirs. */
async function configuredDevices(cameras: readonly CameraConfig[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const used = new Map<string, string[]>();
  for (const { id, source } of cameras) {
    if (source.type !== "v4l2") continue;
    const device = await realpath(source.device).catch(() => source.device);
    used.set(device, [...(used.get(device) ?? []), id]);
  }
  return used;
}

/** A Jetson's CSI sensor, whose pixels nobody has made colours of: its own camera stack does. */
function isRawSensor({ driver, modes }: ListedCamera): boolean {
  return driver === "tegra-video" && modes.length > 0 && modes.every(({ media }) => media === "video/x-bayer");
}

function offerText(camera: ListedCamera): string {
  const mode = bestMode(camera);
  if (mode === null) return camera.name;
  const rate = mode.fps === null ? "" : ` at ${Number(mode.fps.toPrecision(3))} frames/s`;
  return `${camera.name}, up to ${mode.width} x ${mode.height}${rate}`;
}

/** The source of the configuration that plays a camera. @param sensor its number among raw sensors, -1: it is none */
function sourceText(camera: ListedCamera, sensor: number, board: Board): string {
  if (sensor >= 0 && board === "jetson") return `source: { type: csi, sensorId: ${sensor} }`;
  if (camera.device === null)
    return camera.element === "libcamerasrc" ? "source: { type: csi }" : "no source of its own";
  return `source: { type: v4l2, device: ${camera.device}${modeText(bestMode(camera))} }`;
}

/** Of what is neither raw nor JPEG nothing is said: the source then takes what the camera prefers. */
function modeText(mode: CameraMode | null): string {
  if (mode === null) return "";
  const { media, format, width, height } = mode;
  const size = `, width: ${width}, height: ${height}`;
  if (media === "image/jpeg") return `${size}, format: MJPG`;
  return media === "video/x-raw" ? `${size}${format === null ? "" : `, format: ${format}`}` : "";
}

async function visionCameras(list: CameraSources["aravisList"]): Promise<readonly Check[]> {
  const path = "GigE/USB3 Vision";
  try {
    const lines = (await list()).split("\n").filter((line) => line.trim() !== "" && !/no device found/i.test(line));
    if (lines.length === 0) return [note(path, "CAMERA_ARAVIS_NONE", "no camera answers")];
    return lines.map((line) => {
      // `Basler-12345678 (192.168.0.20)`
      const id = line.trim().replace(/\s+\([^)]*\)$/, "");
      return found(path, "CAMERA_ARAVIS", `${line.trim()}; source: { type: aravis, camera: ${JSON.stringify(id)} }`);
    });
  } catch (error) {
    return [note(path, "CAMERA_ARAVIS_UNKNOWN", `cannot look (${messageOf(error)})`)];
  }
}

function found(path: string, code: ErrorCode, message: string): Check {
  return { level: "ok", code, path, message, remedy: "" };
}

function note(path: string, code: ErrorCode, message: string): Check {
  return { level: "note", code, path, message, remedy: errorCodes[code].remedy };
}

/** Aravis's tool exits with 1 when it found nothing. @throws Error where there is no such tool, or it does not answer */
async function run(tool: string, ...args: readonly string[]): Promise<string> {
  const ended = await endOf(tool, args, { limitMs: 6_000, mostBytes: 4_194_304 });
  return ended.output;
}
