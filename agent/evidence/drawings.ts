import type { Inspection, Region } from "../types.js";
import type { EvidenceMaker, MakeFailure } from "./maker.js";
import { type Picture, subjectOf } from "./subject.js";

export interface DrawingsDeps {
  readonly maker: Pick<EvidenceMaker, "make">;
  readonly onMade: () => void;
  /** @param text what goes without a picture, and why */
  readonly onFailed: (reason: MakeFailure, text: string) => void;
}

/**
 * Draws what inspections showed, once each: an alert and the part that raises it are shown by one picture.
 * @returns a function that draws one, with the name of what it is for; its promise settles within a second, to null where it failed
 */
export function drawings({ maker, onMade, onFailed }: DrawingsDeps) {
  const drawn = new WeakMap<Inspection, { readonly threshold: number; readonly picture: Promise<Picture | null> }>();

  async function make(inspection: Inspection, threshold: number, regions: readonly Region[], of: string) {
    const made = await maker.make(subjectOf(inspection, threshold, regions));
    if (made.kind === "failed") {
      onFailed(made.reason, `${of} goes without a picture: ${made.message}`);
      return null;
    }
    onMade();
    return made.picture;
  }

  /** @param regions those that this threshold makes of the map */
  return (inspection: Inspection, threshold: number, regions: readonly Region[], of: string) => {
    const before = drawn.get(inspection);
    if (before?.threshold === threshold) return before.picture;
    const picture = make(inspection, threshold, regions, of);
    drawn.set(inspection, { threshold, picture });
    return picture;
  };
}
