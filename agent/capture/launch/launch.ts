import type { SourceConfig } from "../../../config/types.js";
import { csiHead } from "./csi.js";
import { fileHead } from "./file.js";
import { ownSize, scalable } from "./own-size.js";
import { rtspHead } from "./rtsp.js";
import { type TailOptions, tail } from "./tail.js";
import { v4l2Head } from "./v4l2.js";
import { type RawPicture, visionHead } from "./vision.js";

/** The sources that GStreamer plays from beginning to end. */
export type LaunchedSource = Exclude<SourceConfig, { readonly type: "demo" | "images" | "aravis" }>;

/** Whether a source goes on by itself, so that only its newest picture is worth anything. */
export function isLive(source: SourceConfig): boolean {
  if (source.type === "gstreamer") return source.live;
  return source.type !== "demo" && source.type !== "images" && source.type !== "file";
}

/**
 * The launch line of a source, from the camera to the sink.
 * @param password of an RTSP source's user
 */
export function launchLine(source: LaunchedSource, options: Omit<TailOptions, "live">, password?: string): string {
  return `${head(source, options, password)} ! ${tail({ ...options, live: isLive(source) })}`;
}

/** The launch line that scales the pictures of a GigE Vision or USB3 Vision camera. Each is asked for: none waits behind another. */
export function visionLine(picture: RawPicture, options: Omit<TailOptions, "live">): string {
  return `${visionHead(picture, options.board)} ! ${tail({ ...options, live: false })}`;
}

function head(source: LaunchedSource, { board }: Pick<TailOptions, "board">, password?: string): string {
  switch (source.type) {
    case "v4l2":
      return v4l2Head(source, board);
    case "csi":
      return csiHead(source, board);
    case "rtsp":
      return rtspHead(source, board, password);
    case "file":
      return fileHead(source);
    case "gstreamer":
      return source.live ? `${source.launch} ! ${scalable(board)} ! ${ownSize}` : source.launch;
  }
}
