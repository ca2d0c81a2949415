import type { Board } from "./board.js";
import { quoted } from "./text.js";

/**
 * Lets a live camera choose its size by itself. Sources take the first size that the elements behind them offer, and a scaler offers
 * first what it need not scale: the model's size. A camera would be turned down to it, or cut to a window of it. This element
 * answers such questions without asking on; `tee`, `queue`, `identity` and filters all do ask on. It keeps the end of a stream to
 * itself, which a live camera does not have.
 */
export const ownSize = "output-selector pad-negotiation-mode=none";

/** What the board's scaler can take, for sources that may have any format: behind `ownSize` it can no longer say so itself. */
export function scalable(board: Board): string {
  const accepted: Readonly<Record<Board, string>> = {
    // RGB first: else videotestsrc and its like would take the first in the alphabet, at eight bytes a pixel.
    generic: "video/x-raw,format=RGB;video/x-raw",
    // nvvidconv's inputs; it knows no RGB.
    jetson: "video/x-raw(memory:NVMM);video/x-raw,format={NV12,I420,YUY2,UYVY,GRAY8,BGRx,RGBA}",
  };
  return `capsfilter caps=${quoted(accepted[board])}`;
}
