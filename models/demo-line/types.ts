/** What the demo line makes. Lengths are in points: the frame's shorter side is 256 points, the part's centre the origin. */

export const DEFECT_TYPES = ["scratch", "stain", "dent", "missing"] as const;
export type DefectType = (typeof DEFECT_TYPES)[number];

export type Feature = "mark" | "rib" | "hole";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly u: number;
  readonly v: number;
}

/** A defect in the part's coordinates. */
export type Defect =
  | { readonly type: "scratch"; readonly lines: readonly ScratchLine[] }
  | {
      readonly type: "stain";
      readonly centre: Point;
      readonly radius: number;
      /** The outline: radius x (1 + sum of amount x cos(k x angle + phase)), k from 2. */
      readonly waves: readonly { readonly amount: number; readonly phase: number }[];
      readonly opacity: number;
      readonly colour: readonly [number, number, number];
    }
  | {
      readonly type: "dent";
      readonly centre: Point;
      readonly radiusU: number;
      readonly radiusV: number;
      readonly angle: number;
      /** How strongly its slopes catch the light. */
      readonly depth: number;
    }
  /** `corner` says which hole: the signs of its coordinates. */
  | { readonly type: "missing"; readonly feature: Feature; readonly corner: Point };

export interface ScratchLine {
  readonly points: readonly Point[];
  /** The largest distance of a point from the middle one, along either axis. */
  readonly reach: number;
  readonly halfWidth: number;
  /** Above 0 the scratch is brighter than the metal, below 0 darker. */
  readonly strength: number;
}

/** One part as it lies under the camera. */
export interface Part {
  /** Its turn, in radians. */
  readonly angle: number;
  /** The way from the frame's centre to its own. */
  readonly shift: Point;
  /** The metal's brightness, 0 to 255, and where its gloss band lies. */
  readonly tone: number;
  readonly glossAt: number;
  /** Offsets into the textures, so that no two parts have the same grain. */
  readonly grain: number;
  readonly beltShift: Point;
  readonly defect: Defect | null;
}

/** The light of one exposure. */
export interface Light {
  readonly gain: number;
  /** Change of the brightness from edge to edge, as a share. */
  readonly tiltX: number;
  readonly tiltY: number;
  /** Deviation of the sensor's noise, in levels. */
  readonly noise: number;
}

/** A picture of one part with its truth. */
export interface RenderedPart {
  /** RGB, [height, width, 3]. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly size: Size;
  /** [height, width], 1 where the defect is. */
  readonly mask: Uint8Array<ArrayBuffer>;
  readonly defect: DefectType | null;
}
