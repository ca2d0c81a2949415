import type { Size } from "../../types.js";
import type { Board } from "./board.js";
import { scalable } from "./own-size.js";
import { quoted } from "./text.js";

/** Pictures as a GigE Vision or USB3 Vision camera sends them. */
export interface RawPicture extends Size {
  /** GStreamer's media type and format. */
  readonly gstreamer: string;
}

/** The element that the camera's pictures are handed to. */
export const feedName = "camera";

/** Pictures that come from a GigE Vision or USB3 Vision camera by way of Aravis. */
export function visionHead({ gstreamer, width, height }: RawPicture, board: Board): string {
  const caps = quoted(`${gstreamer},width=${width},height=${height},framerate=0/1`);
  const links = [`appsrc name=${feedName} format=time caps=${caps}`];
  if (gstreamer.startsWith("video/x-bayer")) links.push("bayer2rgb");
  if (board === "jetson") links.push("videoconvert", scalable(board));
  return links.join(" ! ");
}
