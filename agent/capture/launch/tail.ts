import type { RoiConfig } from "../../../config/types.js";
import type { Board } from "../../kit/board.js";
import type { Size } from "../../types.js";
import { cropOf, scaledWhole } from "../region.js";

export interface TailOptions {
  readonly input: Size;
  readonly roi: RoiConfig;
  /** The newest picture only; else every picture waits to be asked for. */
  readonly live: boolean;
  readonly board: Board;
}

/** The names of the elements that are spoken to while a line plays. */
export const ELEMENTS = {
  /** The `appsink` of pictures in the model's size. */
  frames: "frames",
  /** The `appsink` of the same pictures as the camera gave them. */
  native: "native",
  /** The `identity` that counts the camera's pictures and their bytes, whatever becomes of them. */
  gauge: "gauge",
  /** Of live lines: the `valve` that lets a picture through while one is wanted. */
  gate: "gate",
} as const;

/**
 * What follows every head: the gate, the camera's own size on the side, scaling, RGB, the ROI, and the sink.
 * The whole picture is scaled so that its ROI gets the model's size, and then cropped: no need to know the camera's size.
 *
 * How many pictures a live source gives is decided by the gate, that is by our own clock and by the demand, and not by `videorate`:
 * that element aborts the process at pictures with neither a frame rate nor a duration (GStreamer 1.22), discards those
 * without a time, and waits through a time that goes back. All three are legal in H.264 without timing, RTP/JPEG, VP8, VP9 and raw video.
 */
export function tail({ input, roi, live, board }: TailOptions): string {
  const full = scaledWhole(input, roi);
  // async=false for both sinks: one that waits for its preroll would hold up the other behind the same tee.
  // wait-on-eos=false for the one on the side: nobody empties it, and its waiting would keep the end from the other.
  const newest = "max-buffers=1 drop=true sync=false async=false";
  const { frames, native, gauge, gate } = ELEMENTS;
  return [
    `identity name=${gauge}`,
    // What is not wanted costs nothing. What describes the stream, and its end, passes a closed gate, too.
    ...(live ? [`valve name=${gate} drop=true drop-mode=forward-sticky-events`] : []),
    `tee name=picture ! appsink name=${native} ${newest} wait-on-eos=false picture.`,
    ...scaler(full, board),
    ...crop(input, roi),
    `appsink name=${frames} ${live ? newest : "max-buffers=1 sync=false async=false"}`,
  ].join(" ! ");
}

function scaler({ width, height }: Size, board: Board): readonly string[] {
  if (board === "jetson") {
    // nvvidconv scales on the VIC, out of NVMM into ordinary memory, and knows no RGB. 5: its best filter; the default is nearest.
    return [
      "nvvidconv interpolation-method=5",
      `video/x-raw,format=RGBA,width=${width},height=${height}`,
      "videoconvert",
      "video/x-raw,format=RGB",
    ];
  }
  const caps = `video/x-raw,format=RGB,width=${width},height=${height},pixel-aspect-ratio=1/1`;
  // Scaled first: it is cheaper in the camera's own format than in RGB.
  return ["videoscale add-borders=false", "videoconvert", caps];
}

function crop(input: Size, roi: RoiConfig): readonly string[] {
  const { left, top, right, bottom } = cropOf(input, roi);
  if (left + top + right + bottom === 0) return [];
  return [`videocrop left=${left} right=${right} top=${top} bottom=${bottom}`];
}
