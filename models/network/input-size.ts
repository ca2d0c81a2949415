import { CodedError } from "../../errors.js";
import type { InputSize } from "./rd.js";

/** What a ResNet and its bottleneck divide height and width by. */
const STEP = 32;
const SHORTEST = 64;

/**
 * The size of a network's pictures: a side of a square, or width and height. Pictures are scaled to it whatever their own aspect, never cropped.
 * @throws CodedError OPTION_INVALID
 */
export function inputSizeOf(size: number | InputSize): InputSize {
  const { width, height } = typeof size === "number" ? { width: size, height: size } : size;
  if ([width, height].every((side) => side >= SHORTEST && side % STEP === 0)) return { width, height };
  const shown = width === height ? String(width) : `${width}x${height}`;
  const remedy = `Give multiples of ${STEP}, at least ${SHORTEST}: one side, or WIDTHxHEIGHT.`;
  throw new CodedError("OPTION_INVALID", `--size is ${shown}`, { at: "size", remedy });
}
