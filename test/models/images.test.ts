import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { imageSize, listImages, readMask, readRgb, writeJpeg, writePng } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { suite } from "../support/suite.js";

const test = suite("images");
let dir = "";
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-images-"));
});
test.after(async () => {
  await rm(dir, { recursive: true });
});

const size = { width: 5, height: 3 };
const random = createRandom(1);
const pixels = Uint8Array.from({ length: 45 }, () => random.int(256));

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return undefined;
}

test("a picture of the wanted size comes back exactly as written", async () => {
  const path = join(dir, "exact", "a.png");
  await writePng(path, pixels, size, 3);
  assert.equal(await readRgb(path, size), pixels);
  assert.equal(await imageSize(path), size);
});

test("grey, alpha and 16 bit pictures all become three bytes a pixel", async () => {
  const path = join(dir, "grey.png");
  await writePng(path, Uint8Array.of(0, 100, 200, 255), { width: 2, height: 2 }, 1);
  assert.equal(
    [...(await readRgb(path, { width: 2, height: 2 }))],
    [0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255],
  );
});

test("a resized picture is the same every time and keeps its mean", async () => {
  const path = join(dir, "resized.png");
  const side = 64;
  const big = Uint8Array.from({ length: side * side * 3 }, (_, i) => (Math.floor(i / 3) % side) * 4);
  await writePng(path, big, { width: side, height: side }, 3);
  const once = await readRgb(path, { width: 16, height: 16 });
  assert.equal(await readRgb(path, { width: 16, height: 16 }), once);
  const mean = once.reduce((sum, v) => sum + v, 0) / once.length;
  assert.ok(Math.abs(mean - 126) < 2, `mean ${mean}`);
  assert.ok((once[0] as number) < (once[45] as number), "the gradient still runs left to right");
});

test("a mask is 0 and 1, also when enlarged", async () => {
  const path = join(dir, "mask.png");
  await writePng(path, Uint8Array.of(0, 255, 255, 0), { width: 2, height: 2 }, 1);
  assert.equal([...(await readMask(path, { width: 2, height: 2 }))], [0, 1, 1, 0]);
  assert.equal([...(await readMask(path, { width: 4, height: 2 }))], [0, 0, 1, 1, 1, 1, 0, 0]);
  await writePng(path, Uint8Array.of(0, 1, 1, 0), { width: 2, height: 2 }, 1);
  assert.equal([...(await readMask(path, { width: 2, height: 2 }))], [0, 1, 1, 0], "marked with 1 instead of 255");
});

test("a bitmap, as industrial cameras write it, is read bottom row first", async () => {
  const path = join(dir, "b.bmp");
  const bmp = Buffer.alloc(54 + 16);
  bmp.write("BM");
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(2, 18);
  bmp.writeInt32LE(2, 22);
  bmp.writeUInt16LE(24, 28);
  bmp.set([1, 2, 3, 4, 5, 6], 54);
  bmp.set([7, 8, 9, 10, 11, 12], 62);
  await writeFile(path, bmp);
  assert.equal([...(await readRgb(path, { width: 2, height: 2 }))], [9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4]);
});

test("a broken or cut picture is named in the error", async () => {
  const garbage = join(dir, "garbage.png");
  await writeFile(garbage, "not a picture");
  assert.is(await codeOf(readRgb(garbage, size)), "IMAGE_UNREADABLE");
  await readRgb(garbage, size).catch((error: CodedError) => assert.is(error.at, garbage));

  const cut = join(dir, "cut.jpg");
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, () => random.int(256));
  await writeJpeg(cut, noise, { width: 64, height: 64 });
  const whole = await readFile(cut);
  await writeFile(cut, whole.subarray(0, whole.length / 2));
  assert.is(await codeOf(readRgb(cut, size)), "IMAGE_UNREADABLE");
});

test("a folder lists its pictures sorted, sub-folders only when asked", async () => {
  const folder = join(dir, "list");
  for (const name of ["b.png", "a.PNG", "c/d.png", ".hidden.png"]) await writePng(join(folder, name), pixels, size, 3);
  await writeFile(join(folder, "notes.txt"), "no picture");
  const names = (paths: string[]): string[] => paths.map((path) => path.slice(folder.length + 1));
  assert.equal(names(await listImages(folder)), ["a.PNG", "b.png"]);
  assert.equal(names(await listImages(folder, { recursive: true })), ["a.PNG", "b.png", "c/d.png"]);
});

test("a missing and an empty folder are told apart", async () => {
  assert.is(await codeOf(listImages(join(dir, "nowhere"))), "IMAGE_FOLDER_MISSING");
  const empty = await mkdtemp(join(dir, "empty-"));
  assert.is(await codeOf(listImages(empty)), "IMAGE_FOLDER_EMPTY");
});

test.run();
