import type { RoiConfig } from "../../../config/types.js";
import type { Size } from "../../types.js";
import type { Board } from "./board.js";

export interface TailOptions {
  readonly input: Size;
  readonly roi: RoiConfig;
  /** The newest picture only, at most `fps` of them; else every picture waits to be asked for. */
  readonly live: boolean;
  readonly fps: number;
  readonly board: Board;
}

/**
 * What follows every head: pacing, the camera's own size on the side, scaling, RGB, the ROI, and the sink.
 * The whole picture is scaled so that its ROI gets the model's size, and then cropped: no need to know the camera's size.
 */
export function tail({ input, roi, live, fps, board }: TailOptions): string {
  const full = scaledWhole(input, roi);
  // async=false for both: a sink that waits for its preroll would hold up the other behind the same tee.
  // wait-on-eos=false for the one on the side: nobody empties it, and its waiting would keep the end from the other.
  const keepNewest = "max-buffers=1 drop=true sync=false async=false";
  return [
    // Before the scaler: what is not wanted costs nothing.
    ...(live ? [`videorate drop-only=true max-rate=${Math.max(1, Math.ceil(fps))}`] : []),
    // The gauge says how many bytes each picture has, without a copy of it.
    `tee name=picture ! identity name=gauge silent=false ! appsink name=native ${keepNewest} wait-on-eos=false picture.`,
    ...scaler(full, board),
    ...crop(input, roi, full),
    `appsink name=frames ${live ? keepNewest : "max-buffers=1 sync=false async=false"}`,
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

function crop(input: Size, roi: RoiConfig, full: Size): readonly string[] {
  if (full.width === input.width && full.height === input.height) return [];
  const left = Math.min(Math.round(roi.x * full.width), full.width - input.width);
  const top = Math.min(Math.round(roi.y * full.height), full.height - input.height);
  const right = full.width - input.width - left;
  const bottom = full.height - input.height - top;
  return [`videocrop left=${left} right=${right} top=${top} bottom=${bottom}`];
}

/** The size of the whole picture at the scale where its ROI has the model's size. */
export function scaledWhole(input: Size, roi: RoiConfig): Size {
  return {
    width: Math.max(input.width, Math.round(input.width / roi.width)),
    height: Math.max(input.height, Math.round(input.height / roi.height)),
  };
}
