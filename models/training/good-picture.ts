import { CodedError } from "../../errors.js";
import { pictureFault } from "../pictures/image-fault.js";
import { describePicture, readRgb, type Size, sampleRange } from "../pictures/images.js";

/**
 * A picture to learn from, RGB, uint8 [height, width, 3]. Refused where the agent would refuse it as a view of a part: what no camera
 * would be judged on must not be learned.
 * @param options.health false where the pictures are as dark or as bright as that on purpose
 * @throws CodedError IMAGE_UNREADABLE, IMAGE_BLACK, IMAGE_SATURATED
 */
export async function readGoodPicture(
  path: string,
  size: Size,
  { health }: { readonly health: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  const pixels = await readRgb(path, size);
  const fault = health ? pictureFault(pixels, size.width, size.height) : null;
  if (fault === null) return pixels;
  const range = await unusualRange(path);
  throw new CodedError(fault.code, range === null ? fault.reason : `${fault.reason}: ${range.reason}`, {
    at: path,
    ...(range === null ? {} : { remedy: range.remedy }),
  });
}

/** What is worth saying of the samples of a picture that is not one of 8 bits: their range explains why nothing is to be seen. */
async function unusualRange(path: string): Promise<{ readonly reason: string; readonly remedy: string } | null> {
  const { depth } = await describePicture(path);
  if (depth === "uchar") return null;
  const { min, max } = await sampleRange(path);
  const used = `its samples are from ${min} to ${max}`;
  if (depth !== "ushort")
    return {
      reason: `${used}, stored as ${depth}`,
      remedy: "Save the pictures with 8 bits, 0 to 255, or with 16, 0 to 65535.",
    };
  const bits = Math.max(1, Math.ceil(Math.log2(max + 1)));
  return {
    reason: `${used} of 65535, as ${bits} bits stored in 16`,
    remedy: `Have the camera's software save 8 bits, or scale to all of the 16 (times ${2 ** (16 - bits)}).`,
  };
}
