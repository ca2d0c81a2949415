import type { Frame, Size } from "../types.js";

/** A frame's picture as it is kept, or shown to a person: of what the model was shown, as large as it can be had. */
export interface Sharpest {
  /** RGB, [size.height, size.width, 3], row-major; only read. */
  readonly pixels: Uint8Array;
  readonly size: Size;
  /** Whose pixels they are: `model` where the camera's own are gone. */
  readonly resolution: Resolution;
}

export type Resolution = "camera" | "model";

/** The picture of a frame in the camera's own pixels where they can be had. To be called in the turn in which the frame is judged. */
export async function sharpest({ pixels, size, view, original }: Frame): Promise<Sharpest> {
  if (view.width === size.width && view.height === size.height) return { pixels, size, resolution: "camera" };
  const own = await original?.();
  return own ? { ...own, resolution: "camera" } : { pixels, size, resolution: "model" };
}
