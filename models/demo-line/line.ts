/** The demo line: pictures of parts, one at a time. */
import type { Random } from "../random.js";
import { describeLight, describePart } from "./describe.js";
import { expose } from "./exposure.js";
import { createStrip } from "./strip.js";
import { makeTextures, type Textures } from "./textures.js";
import type { DefectType, RenderedPart, Size } from "./types.js";

export interface DemoLine {
  readonly textures: Textures;
  /** Draws a part in a place, light and texture of its own, without a defect unless one is named. */
  renderPart(options: { random: Random; size: Size; defect?: DefectType | null }): RenderedPart;
}

/** A production line. The seed makes its belt, brushing and sensor, so a model learned on one seed knows that line alone. */
export function createDemoLine(seed = 1): DemoLine {
  const textures = makeTextures(seed);
  return {
    textures,
    renderPart({ random, size, defect = null }) {
      const strip = createStrip(describePart(random, defect), size, 0, textures);
      strip.draw(size.height);
      const pixels = expose(strip, size, 0, describeLight(random), textures.noise, random.int(textures.noise.length));
      return { pixels, size, mask: strip.mask, defect };
    },
  };
}
