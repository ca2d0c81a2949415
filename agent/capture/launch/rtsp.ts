import type { RtspSource } from "../../../config/types.js";
import type { Board } from "./board.js";
import { decoded, properties, quoted, whenever } from "./text.js";

const decoders: Readonly<Record<Board, Readonly<Record<RtspSource["codec"], string>>>> = {
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
export function rtspHead(source: RtspSource, board: Board, password?: string): string {
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
  return `${whenever(`rtspsrc${options}`, "application/x-rtp,media=video")} ! ${decoders[board][codec]}`;
}
