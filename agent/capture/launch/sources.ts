/** Where the pictures of each kind of source come from: the first part of a launch line. */

import type {
  CsiSource,
  FileSource,
  GstreamerSource,
  RtspSource,
  SourceConfig,
  V4l2Source,
} from "../../../config/types.js";
import { CodedError } from "../../../errors.js";
import type { Board } from "../../kit/board.js";
import type { Size } from "../../types.js";
import { caps, decoded, fraction, properties, quoted, whenever } from "./syntax.js";
import { type TailOptions, tail } from "./tail.js";

/** The sources that GStreamer plays from beginning to end. */
export type LaunchedSource = Exclude<SourceConfig, { readonly type: "demo" | "images" | "aravis" }>;

/** Pictures as a GigE Vision or USB3 Vision camera sends them. */
export interface RawPicture extends Size {
  /** GStreamer's media type and format. */
  readonly gstreamer: string;
}

/** The element that the pictures of a GigE Vision or USB3 Vision camera are handed to. */
export const FEED = "camera";

type LineOptions = Omit<TailOptions, "live">;

/** Whether a source goes on by itself, so that only its newest picture is worth anything. */
export function isLive(source: SourceConfig): boolean {
  if (source.type === "gstreamer") return source.live;
  return source.type !== "demo" && source.type !== "images" && source.type !== "file";
}

/**
 * The launch line of a source, from the camera to the sink.
 * @param password of an RTSP source's user
 * @throws CodedError CAMERA_LAUNCH_REFUSED
 */
export function launchLine(source: LaunchedSource, options: LineOptions, password?: string): string {
  return `${head(source, options.board, password)} ! ${tail({ ...options, live: isLive(source) })}`;
}

/** The launch line that scales the pictures of a GigE Vision or USB3 Vision camera. Each is asked for: none waits behind another. */
export function visionLine(picture: RawPicture, options: LineOptions): string {
  return `${visionHead(picture, options.board)} ! ${tail({ ...options, live: false })}`;
}

function head(source: LaunchedSource, board: Board, password?: string): string {
  switch (source.type) {
    case "v4l2":
      return v4l2Head(source, board);
    case "csi":
      return csiHead(source, board);
    case "rtsp":
      return rtspHead(source, board, password);
    case "file":
      return fileHead(source, board);
    case "gstreamer":
      return customHead(source, board);
  }
}

/** A line of the user's own. */
function customHead({ launch, live }: GstreamerSource, board: Board): string {
  if (launch.split("!").some(abortsWithoutRate)) {
    const message = "videorate with drop-only=true ends the whole agent at a stream without a frame rate and durations";
    throw new CodedError("CAMERA_LAUNCH_REFUSED", message);
  }
  return live ? `${launch} ! ${scalable(board)} ! ${OWN_SIZE}` : launch;
}

/**
 * Whether a part of a launch line sets the property of `videorate` that aborts the process; see tail.ts. With an average-period that
 * element works otherwise, and aborts at nothing. GStreamer takes `_` for `-`, several words for true, and the property on a bin
 * around the element (`rate::drop-only=true`), so whatever does not plainly say false counts.
 */
function abortsWithoutRate(part: string): boolean {
  const dropsOnly = /drop[-_]only\s*=(?!\s*"?(?:false|f|no|0)\b)/i.test(part);
  return dropsOnly && !/average[-_]period\s*=\s*"?0*[1-9]/.test(part);
}

/** A UVC or other Video4Linux camera. */
function v4l2Head({ device, width, height, format }: V4l2Source, board: Board): string {
  const source = `v4l2src device=${quoted(device)}`;
  if (format === "MJPG") {
    // nvjpegdec leaks on JetPack 5; the hardware decoder has a JPEG mode.
    const decoder = board === "jetson" ? "nvv4l2decoder mjpeg=1" : "jpegdec";
    return `${source} ! ${caps("image/jpeg", { width, height })} ! ${decoder} ! ${OWN_SIZE}`;
  }
  const raw = caps("video/x-raw", { format, width, height });
  // With nothing asked for, the camera's own preference, which may be compressed. decodebin too asks nobody behind it.
  return raw === "video/x-raw" ? `${source} ! ${decoded}` : `${source} ! ${raw} ! ${OWN_SIZE}`;
}

/** A CSI camera: Argus on a Jetson, libcamera elsewhere. */
function csiHead({ sensorId, width, height, framerate }: CsiSource, board: Board): string {
  const fields = { width, height, framerate: framerate === undefined ? undefined : fraction(framerate) };
  if (board === "jetson") {
    const filter = caps("video/x-raw(memory:NVMM)", { format: "NV12", ...fields });
    return `nvarguscamerasrc sensor-id=${sensorId} ! ${filter} ! ${OWN_SIZE}`;
  }
  return `libcamerasrc ! ${caps("video/x-raw", fields)} ! ${OWN_SIZE}`;
}

const RTSP_DECODERS: Readonly<Record<Board, Readonly<Record<RtspSource["codec"], string>>>> = {
  generic: {
    auto: decoded,
    h264: `rtph264depay ! h264parse ! ${decoded}`,
    h265: `rtph265depay ! h265parse ! ${decoded}`,
    mjpeg: "rtpjpegdepay ! jpegdec",
  },
  jetson: {
    auto: decoded,
    h264: "rtph264depay ! h264parse ! nvv4l2decoder",
    h265: "rtph265depay ! h265parse ! nvv4l2decoder",
    mjpeg: "rtpjpegdepay ! nvv4l2decoder mjpeg=1",
  },
};

/** A network camera. @param password of `username` */
function rtspHead(source: RtspSource, board: Board, password?: string): string {
  const { url, transport, latencyMs, codec, username } = source;
  const options = properties({
    location: quoted(url),
    protocols: transport,
    latency: latencyMs,
    "drop-on-latency": "true",
    // Microseconds. GStreamer's 20 s would hide a camera's return for longer than we promise.
    "tcp-timeout": 5_000_000,
    "user-id": username === undefined ? undefined : quoted(username),
    "user-pw": password === undefined ? undefined : quoted(password),
  });
  // The filter keeps a camera's sound from being taken for its picture.
  return `${whenever(`rtspsrc${options}`, "application/x-rtp,media=video")} ! ${RTSP_DECODERS[board][codec]}`;
}

/**
 * A video file in any container and codec that GStreamer knows. The filter keeps its sound out. Its pictures are turned upright, as a
 * phone that was held upright notes it in MP4 and QuickTime files, and as it is done for the EXIF orientation of pictures.
 */
function fileHead({ path }: FileSource, board: Board): string {
  // What videoflip knows: ordinary memory, and not every format. Both pass on what need not be changed.
  const known = board === "jetson" ? "nvvidconv ! video/x-raw,format=I420" : "videoconvert";
  return `filesrc location=${quoted(path)} ! ${decoded} ! ${known} ! videoflip video-direction=auto`;
}

/** Pictures that come from a GigE Vision or USB3 Vision camera by way of Aravis. */
function visionHead({ gstreamer, width, height }: RawPicture, board: Board): string {
  const links = [
    `appsrc name=${FEED} format=time caps=${quoted(`${gstreamer},width=${width},height=${height},framerate=0/1`)}`,
  ];
  if (gstreamer.startsWith("video/x-bayer")) links.push("bayer2rgb");
  if (board === "jetson") links.push("videoconvert", scalable(board));
  return links.join(" ! ");
}

/**
 * Lets a live camera choose its size by itself. Sources take the first size that the elements behind them offer, and a scaler offers
 * first what it need not scale: the model's size. A camera would be turned down to it, or cut to a window of it. This element
 * answers such questions without asking on; `tee`, `queue`, `identity` and filters all do ask on. It keeps the end of a stream to
 * itself, which a live camera does not have.
 */
const OWN_SIZE = "output-selector pad-negotiation-mode=none";

/** What the board's scaler can take, for sources that may have any format: behind OWN_SIZE it can no longer say so itself. */
function scalable(board: Board): string {
  const accepted: Readonly<Record<Board, string>> = {
    // RGB first: else videotestsrc and its like would take the first in the alphabet, at eight bytes a pixel.
    generic: "video/x-raw,format=RGB;video/x-raw",
    // nvvidconv's inputs; it knows no RGB.
    jetson: "video/x-raw(memory:NVMM);video/x-raw,format={NV12,I420,YUY2,UYVY,GRAY8,BGRx,RGBA}",
  };
  return `capsfilter caps=${quoted(accepted[board])}`;
}
