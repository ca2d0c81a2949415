import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import sharp, { type JpegOptions } from "sharp";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { createDemoLine } from "../../models/demo-line/index.js";
import { readRgb } from "../../models/pictures/images.js";
import { jpegDamage } from "../../models/pictures/jpeg-damage.js";
import { readJpegScan } from "../../models/pictures/jpeg-header.js";
import { createRandom } from "../../models/random.js";
import { temporaryFolder } from "../support/config.js";
import { flatJpeg } from "../support/flat-jpeg.js";
import { suite } from "../support/suite.js";

const test = suite("damaged JPEG files");
const dir = temporaryFolder();
const size = { width: 128, height: 128 };
const line = createDemoLine();
const random = createRandom(5);

function part(options: JpegOptions): Promise<Buffer> {
  const { pixels } = line.renderPart({ random, size });
  return sharp(pixels, { raw: { ...size, channels: 3 } })
    .jpeg(options)
    .toBuffer();
}

async function codeOf(bytes: Buffer): Promise<string> {
  const path = join(dir, "picture.jpg");
  await writeFile(path, bytes);
  try {
    await readRgb(path, size);
    return "read";
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}

async function damageOf(bytes: Buffer): Promise<string | null> {
  const scan = readJpegScan(bytes);
  return scan === null ? null : jpegDamage(bytes, scan);
}

/** Where the compressed data begins. */
function dataAt(bytes: Buffer): number {
  const scan = bytes.lastIndexOf(Buffer.of(0xff, 0xda));
  return scan + 2 + bytes.readUInt16BE(scan + 2);
}

test("whole pictures of any content, size and quality are read", async () => {
  const pictures = fc.record({
    width: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 70 }),
    channels: fc.constantFrom(1 as const, 3 as const),
    seed: fc.nat(),
    kind: fc.constantFrom("noise", "extremes", "stripes", "flat"),
    options: fc.record({
      quality: fc.integer({ min: 1, max: 100 }),
      chromaSubsampling: fc.constantFrom("4:2:0", "4:4:4"),
      progressive: fc.boolean(),
      optimiseCoding: fc.boolean(),
      trellisQuantisation: fc.boolean(),
      overshootDeringing: fc.boolean(),
      quantisationTable: fc.nat(8),
    }),
  });
  const values = {
    noise: (seeded: ReturnType<typeof createRandom>) => seeded.int(256),
    extremes: (seeded: ReturnType<typeof createRandom>) => 255 * seeded.int(2),
    stripes: (_: unknown, at: number) => 255 * ((at >> 4) & 1),
    flat: () => 255,
  };
  await fc.assert(
    fc.asyncProperty(pictures, async ({ width, height, channels, seed, kind, options }) => {
      const seeded = createRandom(seed);
      const pixels = Uint8Array.from({ length: width * height * channels }, (_, at) => values[kind](seeded, at));
      const jpeg = await sharp(pixels, { raw: { width, height, channels } }).jpeg(options).toBuffer();
      assert.is(readJpegScan(jpeg) === null, options.progressive);
      assert.is(await damageOf(jpeg), null);
      assert.is(await codeOf(jpeg), "read");
    }),
    { seed: 3, numRuns: 400 },
  );
});

test("a picture that was cut off anywhere is refused", async () => {
  for (const progressive of [false, true]) {
    const whole = await part({ quality: 90, progressive });
    for (let share = 0.02; share < 0.98; share += 0.05) {
      assert.is(
        await codeOf(whole.subarray(0, Math.floor(whole.length * share))),
        "IMAGE_UNREADABLE",
        `cut at ${share}`,
      );
    }
    // Its end in place again: its length is that of no cut file, and libvips takes it.
    const at = dataAt(whole) + Math.floor((whole.length - dataAt(whole)) * 0.7);
    assert.is(await codeOf(Buffer.concat([whole.subarray(0, at), Buffer.of(0xff, 0xd9)])), "IMAGE_UNREADABLE");
  }
});

test("a picture damaged in the middle is refused, and its length is right", async () => {
  const fills = [0x00, 0x55, 0xaa, 0x7f];
  let found = 0;
  const tries = 200;
  for (let index = 0; index < tries; index += 1) {
    const bytes = await part({ quality: 85 + random.int(11) });
    const from = dataAt(bytes);
    const at = from + random.int(Math.floor((bytes.length - from) * 0.8));
    bytes.fill(fills[index % fills.length]!, at, at + 128);
    if ((await codeOf(bytes)) === "IMAGE_UNREADABLE") found += 1;
  }
  // JPEG has no checksum: damage after which all codes fall into place again is a picture, too.
  assert.ok(found >= tries * 0.9, `${found} of ${tries}`);
});

test("the reason says how far the picture goes", async () => {
  const whole = await part({ quality: 90 });
  const half = dataAt(whole) + Math.floor((whole.length - dataAt(whole)) / 2);
  const damage = await damageOf(Buffer.concat([whole.subarray(0, half), Buffer.of(0xff, 0xd9)]));
  assert.match(damage!, /^its data ends after \d\d % of the picture$/);
});

test("restart markers are followed, and a missing or misplaced one is damage", async () => {
  const levels = Array.from({ length: 64 }, (_, at) => 4 * at);
  const whole = flatJpeg(levels, { blocksPerRow: 8, restartInterval: 4 });
  assert.is(await damageOf(whole), null);
  const marker = whole.indexOf(Buffer.of(0xff, 0xd2));
  const wrong = Buffer.from(whole);
  wrong[marker + 1] = 0xd5;
  assert.match((await damageOf(wrong))!, "damaged");
  assert.match((await damageOf(Buffer.concat([whole.subarray(0, marker), whole.subarray(marker + 2)])))!, "damaged");
});

test("the few bytes that webcams leave behind a picture's data are none of its faults", async () => {
  const levels = Array.from({ length: 64 }, (_, at) => 4 * at);
  const spare = flatJpeg(levels, { blocksPerRow: 8, restartInterval: 4, spareBytes: 9 });
  assert.is(await damageOf(spare), null);
  const long = flatJpeg(levels, { blocksPerRow: 8, spareBytes: 500 });
  assert.match((await damageOf(long))!, "bytes are left over");
});

test("a brightness that no pixels can have is damage", async () => {
  const levels = Array.from({ length: 64 }, () => 128);
  levels[20] = 700;
  assert.match((await damageOf(flatJpeg(levels, { blocksPerRow: 8 })))!, "31 %");
});

test.run();
