import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { writePng } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { readGoodFolder } from "../../models/training/good-folder.js";
import { readGoodPictures } from "../../models/training/good-pictures.js";
import type { TrainProgress } from "../../models/training/train.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("pictures of good parts");
const size = { width: 32, height: 32 };
const random = createRandom(4);
const grey = () => Uint8Array.from({ length: 32 * 32 }, () => 80 + random.int(80));

async function good(...names: string[]): Promise<void> {
  for (const name of names) await writePng(name, grey(), size, 1);
}

async function errorOf(work: Promise<unknown>): Promise<CodedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  return assert.unreachable("nothing was refused") as never;
}

async function read(folder: string, imageHealth = true) {
  const warnings: string[] = [];
  const report = (each: TrainProgress) => each.phase === "warning" && warnings.push(each.message);
  const pictures = await readGoodPictures(folder, size, { imageHealth, report: (each) => void report(each) });
  return { ...pictures, warnings };
}

/** A Mono12 camera's picture as SDKs save it: 16 bits a sample, of which 12 are used. */
function twelveBits(): Promise<Buffer> {
  const samples = Uint16Array.from(grey(), (value) => value << 4);
  return sharp(samples, { raw: { ...size, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toBuffer();
}

/** A TIFF of floating-point samples from 0 to 1. */
function floatTiff(): Buffer {
  const pixels = Float32Array.from(grey(), (value) => value / 255);
  const [short, long] = [3, 4];
  const dataAt = 8 + 2 + 10 * 12 + 4;
  const tags = [
    [256, short, 32],
    [257, short, 32],
    [258, short, 32],
    [259, short, 1],
    [262, short, 1],
    [273, long, dataAt],
    [277, short, 1],
    [278, short, 32],
    [279, long, pixels.byteLength],
    [339, short, 3],
  ] as const;
  const head = Buffer.alloc(dataAt);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  for (const [index, [tag, type, value]] of tags.entries()) {
    const at = 10 + 12 * index;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(1, at + 4);
    head.writeUInt32LE(value, at + 8);
  }
  return Buffer.concat([head, Buffer.from(pixels.buffer)]);
}

test("12 bits in 16 are refused with their range, and what to do about it", async () => {
  const folder = join(temporaryFolder(), "mono12");
  await mkdir(folder);
  for (const name of ["a.png", "b.png", "c.png", "d.png"]) await writeFile(join(folder, name), await twelveBits());
  const error = await errorOf(read(folder));
  assert.is(error.code, "TOO_FEW_IMAGES");
  assert.match(
    error.message,
    /100\.0 % of the picture is black: its samples are from \d+ to \d+ of 65535, as 12 bits stored in 16/,
  );
  assert.match(error.remedy, "times 16");
  assert.match(error.message, join(folder, "a.png"));
});

test("floating-point samples from 0 to 1, black and overexposed pictures are left out by the agent's own rules, each named", async () => {
  const folder = join(temporaryFolder(), "odd");
  await good(...["a", "b", "c", "d"].map((name) => join(folder, `${name}.png`)));
  await writeFile(join(folder, "float.tif"), floatTiff());
  await writePng(join(folder, "black.png"), new Uint8Array(32 * 32), size, 1);
  await writePng(join(folder, "white.png"), new Uint8Array(32 * 32).fill(255), size, 1);
  const { paths, skipped, warnings } = await read(folder);
  assert.equal([paths.length, skipped, warnings.length], [4, 3, 3]);
  const of = (name: string) => warnings.find((message) => message.includes(name)) ?? "";
  assert.match(of("float.tif"), /IMAGE_BLACK: .*stored as float/);
  assert.match(of("black.png"), "IMAGE_BLACK");
  assert.match(of("white.png"), "IMAGE_SATURATED");
  assert.is((await read(folder, false)).paths.length, 7, "unless they are meant to be so");
});

test("16 bits that use their range are learned from", async () => {
  const folder = join(temporaryFolder(), "mono16");
  await mkdir(folder);
  const samples = () => Uint16Array.from(grey(), (value) => value * 257);
  for (const name of ["a.png", "b.png", "c.png", "d.png"]) {
    const png = sharp(samples(), { raw: { ...size, channels: 1 } })
      .toColourspace("grey16")
      .png();
    await writeFile(join(folder, name), await png.toBuffer());
  }
  assert.equal((await read(folder)).warnings, []);
});

test("a whole data set is refused, with the folder to name instead", async () => {
  const set = join(temporaryFolder(), "bottle");
  await good(join(set, "train/good/0.png"), join(set, "test/good/0.png"), join(set, "test/broken/0.png"));
  const whole = await errorOf(readGoodFolder(set));
  assert.is(whole.code, "DATA_MIXED");
  assert.match(whole.remedy, join(set, "train/good"));
  await good(join(set, "ground_truth/broken/0_mask.png"));
  for (const folder of [
    set,
    join(set, "test"),
    join(set, "ground_truth"),
    join(set, "ground_truth/broken"),
    join(set, ".."),
  ]) {
    assert.is((await errorOf(readGoodFolder(folder))).code, "DATA_MIXED", folder);
  }
  for (const folder of ["train", "train/good", "test/good"]) {
    assert.is((await readGoodFolder(join(set, folder))).pictures.length, 1, folder);
  }
});

test("kinds of parts side by side are refused, folders of cameras and days are not", async () => {
  const kinds = join(temporaryFolder(), "kinds");
  await good(join(kinds, "ok/0.png"), join(kinds, "scratch/0.png"));
  assert.match((await errorOf(readGoodFolder(kinds))).remedy, join(kinds, "ok"));
  const days = join(temporaryFolder(), "days");
  await good(join(days, "cam1/monday/0.png"), join(days, "cam1/tuesday/0.png"), join(days, "test/0.png"));
  await mkdir(join(days, "good"));
  assert.is((await readGoodFolder(days)).pictures.length, 3, "an empty folder says nothing");
});

test("a link to the folder itself adds no picture", async () => {
  const folder = join(temporaryFolder(), "links");
  await good(...["a", "b", "c", "d"].map((name) => join(folder, `${name}.png`)));
  await symlink(folder, join(folder, "again"));
  assert.is((await read(folder)).paths.length, 4);
});

test("files in formats that are not read are counted in a warning", async () => {
  const folder = join(temporaryFolder(), "phone");
  await good(...["a", "b", "c", "d"].map((name) => join(folder, `${name}.png`)));
  await writeFile(join(folder, "e.heic"), "");
  assert.match((await read(folder)).warnings.join(), "left out 1 files in formats that are not read");
});

test.run();
