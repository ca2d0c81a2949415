/**
 * Damage in the compressed data of a JPEG file. libjpeg decodes whatever it is given, and libvips hears of its warnings too late or
 * not at all (lovell/sharp 4149): a file with forty wrong bytes is a picture whose lower half is green.
 *
 * What is looked for is what no encoder writes: a code that is not in the table, a block of more than 64 coefficients, a coefficient
 * that no pixels can have, a missing restart marker, data that ends before the picture does or goes on long after it.
 * Damage that leaves all of this in order is not found: the format has no checksum.
 */
import { HuffmanReader } from "./huffman-reader.js";
import type { JpegScan, ScanComponent } from "./jpeg-header.js";

/**
 * Samples of 8 bits around 0 cannot have a larger coefficient than 1024 (ITU-T T.81, A.3.3); mozjpeg's deringing lets saturated
 * pixels overshoot by up to 31, which adds as much as 248.
 */
const LARGEST_COEFFICIENT = 1280;
/** Webcams leave up to some ten bytes behind the data of a healthy picture. */
const MOST_SPARE_BYTES = 32;
/** How long the thread is kept at a time, so that a large picture delays nobody. */
const SLICE_MS = 4;

/**
 * Looks for damage in the data of a JPEG's only scan.
 * @param bytes the file
 * @returns what is wrong, for a person; null when nothing was found
 */
export async function jpegDamage(bytes: Uint8Array, scan: JpegScan): Promise<string | null> {
  const { components, mcuBlocks, mcus, restartInterval } = scan;
  const limits = components.map(limitsOf);
  const reader = new HuffmanReader(bytes, scan.dataAt);
  const predictions = new Int32Array(components.length);
  let sliceEndMs = performance.now() + SLICE_MS;

  for (let mcu = 0; mcu < mcus; mcu += 1) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      const number = (mcu / restartInterval - 1) % 8;
      if (reader.skipToMarker(MOST_SPARE_BYTES) > MOST_SPARE_BYTES || !reader.takeRestart(number))
        return damagedAt(mcu, mcus);
      predictions.fill(0);
    }
    for (const component of mcuBlocks) {
      const dc = readBlock(reader, components[component]!, limits[component]!, predictions[component]!);
      if (reader.overrun) return `its data ends after ${percent(mcu / mcus)} of the picture`;
      if (dc === null) return damagedAt(mcu, mcus);
      predictions[component] = dc;
    }
    if ((mcu & 63) === 0 && performance.now() > sliceEndMs) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }
  const spare = reader.skipToMarker(MOST_SPARE_BYTES);
  return spare > MOST_SPARE_BYTES ? "its data is damaged: bytes are left over at its end" : null;
}

/** Limits of a component's coefficients, by their place in zigzag order. */
interface Limits {
  /** Of the quantised DC. */
  readonly dc: number;
  /** The most bits that an AC coefficient's magnitude may have; 64 values, the first unused. */
  readonly acBits: Uint8Array;
}

function limitsOf({ quantisation }: ScanComponent): Limits {
  // Rounding to a quantisation step may exceed what was rounded by half a step.
  const acBits = Uint8Array.from(quantisation, (step) => {
    let bits = 10;
    while (bits > 1 && (2 ** (bits - 1) - 0.5) * step > LARGEST_COEFFICIENT) bits -= 1;
    return bits;
  });
  return { dc: LARGEST_COEFFICIENT / quantisation[0]! + 0.5, acBits };
}

/**
 * Passes over one block of 64 coefficients (ITU-T T.81, F.2.2).
 * @returns the block's quantised DC, null where no encoder would have written it
 */
function readBlock(
  reader: HuffmanReader,
  { dc, ac }: ScanComponent,
  limits: Limits,
  prediction: number,
): number | null {
  const dcBits = reader.symbol(dc);
  if (dcBits < 0 || dcBits > 11) return null;
  const value = prediction + (dcBits === 0 ? 0 : reader.signed(dcBits));
  if (Math.abs(value) > limits.dc) return null;
  for (let k = 1; k < 64; k += 1) {
    const symbol = reader.symbol(ac);
    if (symbol === END_OF_BLOCK) break;
    if (symbol < 0) return null;
    const bits = symbol & 15;
    k += symbol >> 4;
    if (k > 63) return null;
    if (bits === 0 && symbol !== SIXTEEN_ZEROS) return null;
    if (bits > limits.acBits[k]!) return null;
    reader.skip(bits);
  }
  return value;
}

const END_OF_BLOCK = 0x00;
const SIXTEEN_ZEROS = 0xf0;

function damagedAt(mcu: number, mcus: number): string {
  return `its data is damaged, ${percent(mcu / mcus)} into the picture or before`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
