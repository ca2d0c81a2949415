import type { GstreamerSource } from "../../config/types.js";
import type { Size } from "../types.js";

/** A source that gives pictures as fast as they are asked for; black ones cost GStreamer next to nothing. */
export function endlessSource({ width, height }: Size): GstreamerSource {
  const launch = `videotestsrc is-live=false pattern=black ! video/x-raw,format=RGB,width=${width},height=${height}`;
  return { type: "gstreamer", launch, live: false };
}

export function liveSource({ width, height }: Size, fps: number): GstreamerSource {
  const caps = `video/x-raw,format=RGB,width=${width},height=${height},framerate=${Math.max(1, Math.round(fps * 100))}/100`;
  return { type: "gstreamer", launch: `videotestsrc is-live=true pattern=black ! ${caps}`, live: true };
}
