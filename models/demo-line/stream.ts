/** The demo line as a camera sees it: frame after frame, parts coming and going. */
import { createRandom, type Random, seedOf } from "../random.js";
import { describeLight, describePart, SPREAD } from "./describe.js";
import { expose } from "./exposure.js";
import type { DemoLine } from "./line.js";
import { createStrip, type Strip } from "./strip.js";
import { DEFECT_TYPES, type DefectType, type Light, type Part, type Size } from "./types.js";

export interface DemoStreamOptions {
  readonly line: DemoLine;
  /** Seed of the parts and their order. */
  readonly seed?: number;
  readonly size: Size;
  /** Frames in which a part moves through the picture. */
  readonly framesPerPart?: number;
  /** One part in so many is defective, on average; at least three good ones lie between two defective ones. */
  readonly defectEvery?: number;
  /** In the place of one defective part in so many come four in a row, with the same defect: a tool is worn. Never unless given. */
  readonly spellEvery?: number;
}

/** Frames of each part unless the options say otherwise. */
export const FRAMES_PER_PART = 6;
/** Defective parts in a row where a tool is worn. */
const SPELL_PARTS = 4;

/** A frame with its truth; the agent looks at the pixels only. */
export interface DemoFrame {
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly size: Size;
  /** The part's number, from 1. */
  readonly part: number;
  readonly defect: DefectType | null;
}

export interface DemoStream {
  /** The next frame. Each draws a slice of the part to come, so that none takes long. */
  next(): DemoFrame;
}

/** A part on its way through the picture. */
interface Passing {
  readonly number: number;
  readonly defect: DefectType | null;
  readonly strip: Strip;
  readonly light: Light;
}

/** Frames without end; the same options give the same frames. */
export function createDemoStream(options: DemoStreamOptions): DemoStream {
  const { line, seed = 1, size, framesPerPart = FRAMES_PER_PART, defectEvery = 10, spellEvery = 0 } = options;
  const random = createRandom(seedOf(0x57ea, seed));
  const plan = defectPlan(createRandom(seedOf(0xdefec7, seed)), defectEvery, spellEvery);
  // The belt carries the part through the range of places that training has seen.
  const travel = Math.round((SPREAD * Math.min(size.width, size.height)) / 256);
  const slice = Math.ceil(size.height / framesPerPart);
  let current: Passing | null = null;
  let coming = approach(1);
  let shown = 0;

  function approach(number: number): Passing {
    const defect = plan();
    const part: Part = describePart(random, defect);
    // Half of the spread is the part's own, half is the belt's travel.
    const shift = { u: part.shift.u / 2, v: part.shift.v };
    const strip = createStrip({ ...part, shift }, size, travel, line.textures);
    return { number, defect, strip, light: describeLight(random) };
  }

  return {
    next() {
      if (current === null || shown === framesPerPart) {
        coming.strip.draw(size.height);
        current = coming;
        coming = approach(current.number + 1);
        shown = 0;
      }
      const { strip, light, number, defect } = current;
      const offset = travel - Math.round((travel * shown) / Math.max(1, framesPerPart - 1));
      shown += 1;
      coming.strip.draw(slice);
      const flicker = { ...light, gain: light.gain * random.between(0.99, 1.01) };
      const { noise } = line.textures;
      return {
        pixels: expose(strip, size, offset, flicker, noise, random.int(noise.length)),
        size,
        part: number,
        defect,
      };
    },
  };
}

/** A function that yields each part's defect in turn, null for a good one. The first defect comes early, for whoever watches. */
function defectPlan(random: Random, every: number, spellEvery: number): () => DefectType | null {
  let untilNext = 2;
  let types: DefectType[] = [];
  let type: DefectType | null = null;
  let begun = 0;
  let inSpell = 0;
  return () => {
    if (inSpell > 0) {
      inSpell -= 1;
      return type;
    }
    untilNext -= 1;
    if (untilNext >= 0) return null;
    untilNext = Math.max(3, Math.round(random.between(0.5, 1.5) * (every - 1)));
    if (types.length === 0) types = random.shuffle(DEFECT_TYPES);
    type = types.pop() ?? null;
    begun += 1;
    if (spellEvery > 0 && begun % spellEvery === 0) inSpell = SPELL_PARTS - 1;
    return type;
  };
}
