import type { AravisSource, CameraConfig, SourceType } from "../../config/types.js";
import { CodedError, errorCodes, messageOf } from "../../errors.js";
import { type LaunchedSource, launchLine, visionLine } from "../capture/launch/sources.js";
import { type Board, detectBoard } from "../kit/board.js";
import { endOf } from "../kit/program.js";
import type { Check } from "./check.js";

/** Whether GStreamer has an element of that name; rejects where GStreamer's tools are missing (ENOENT), or do not answer. */
export type HasElement = (name: string) => Promise<boolean>;

/** The first run after an installation looks at every plugin. */
const INSPECT_LIMIT_MS = 60_000;

const inspect: HasElement = async (name) =>
  (await endOf("gst-inspect-1.0", ["--exists", name], { limitMs: INSPECT_LIMIT_MS })).status === 0;

type PlayedSource = LaunchedSource | AravisSource;

/** One of each kind that GStreamer plays, to tell what this machine could do beyond its configuration. */
const SAMPLES: readonly PlayedSource[] = [
  { type: "v4l2", device: "/dev/video0" },
  { type: "csi", sensorId: 0 },
  { type: "rtsp", url: "rtsp://h", latencyMs: 100, transport: "tcp", codec: "h264" },
  { type: "aravis", trigger: "off" },
  { type: "file", path: "/f", loop: true },
];

/**
 * What GStreamer lacks for the cameras of the configuration (`fail`), and for the kinds of source that it does not use
 * (`note`); never rejects.
 */
export async function elementChecks(
  cameras: readonly CameraConfig[],
  hasElement: HasElement = inspect,
  board: Board = detectBoard(),
): Promise<readonly Check[]> {
  const configured = cameras.flatMap(({ id, source, enabled }): Wanted[] =>
    isLaunched(source) && enabled ? [{ path: `cameras.${id}.source`, source, level: "fail" }] : [],
  );
  const used: readonly SourceType[] = configured.map(({ source }) => source.type);
  const others = SAMPLES.filter(({ type }) => !used.includes(type)).map(
    (source): Wanted => ({ path: `source ${source.type}`, source, level: "note" }),
  );
  try {
    return await Promise.all([...configured, ...others].map((wanted) => sourceCheck(wanted, hasElement, board)));
  } catch (error) {
    const level = configured.length > 0 ? "fail" : "note";
    const code = isMissing(error) ? "GSTREAMER_MISSING" : "GSTREAMER_SILENT";
    return [{ level, code, path: "gstreamer", message: messageOf(error), remedy: errorCodes[code].remedy }];
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

interface Wanted {
  readonly path: string;
  readonly source: PlayedSource;
  /** Of what is missing. */
  readonly level: "fail" | "note";
}

async function sourceCheck({ path, source, level }: Wanted, hasElement: HasElement, board: Board): Promise<Check> {
  let line: string;
  try {
    line = lineOf(source, board);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { level: "fail", code: error.code, path, message: error.message, remedy: error.remedy };
  }
  const missing = await missingElements(line, hasElement);
  if (missing.length === 0) {
    const message = `GStreamer has what ${source.type} needs`;
    return { level: "ok", code: "GSTREAMER_OK", path, message, remedy: "" };
  }
  const message = `GStreamer lacks ${missing.join(", ")}`;
  return { level, code: "GSTREAMER_ELEMENT_MISSING", path, message, remedy: remedyFor(source.type) };
}

function isLaunched(source: CameraConfig["source"]): source is PlayedSource {
  return source.type !== "demo" && source.type !== "images";
}

function lineOf(source: PlayedSource, board: Board): string {
  const roi = { x: 0, y: 0, width: 1, height: 1 };
  const options = { input: { width: 256, height: 256 }, roi, board };
  if (source.type !== "aravis") return launchLine(source, options);
  return visionLine({ gstreamer: "video/x-bayer,format=rggb", width: 512, height: 512 }, options);
}

/** The element names of a launch line: the first word of each link that is neither caps nor a pad of an earlier one. */
export function elementsOf(launch: string): readonly string[] {
  const bare = launch.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/(^|\s)([\w-]+)\.(?=\s|$)/g, "$1!");
  const words = bare.split("!").map((link) => link.trim().split(/\s+/, 1)[0] ?? "");
  return [...new Set(words.filter((word) => /^[a-z][\w-]*$/i.test(word)))];
}

async function missingElements(launch: string, hasElement: HasElement): Promise<readonly string[]> {
  const names = elementsOf(launch);
  const found = await Promise.all(names.map(hasElement));
  return names.filter((_, index) => !found[index]);
}

function remedyFor(type: SourceType): string {
  if (type === "csi")
    return "CSI cameras need NVIDIA's multimedia packages on a Jetson, libcamera's plugin (gstreamer1.0-libcamera) elsewhere.";
  return "Install GStreamer's base, good, bad and libav plugins, or run the set-up again (npm start).";
}
