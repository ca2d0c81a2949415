import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { listImages, readFolder } from "../../models/pictures/folder.js";
import { encodeJpeg, imageSize, readRgb, writeJpeg, writePng } from "../../models/pictures/images.js";
import { jpegDamage } from "../../models/pictures/jpeg-damage.js";
import { readJpegScan } from "../../models/pictures/jpeg-header.js";
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

test("bytes in memory are read like their file, and a part like the same part of the whole", async () => {
  const path = join(dir, "part.png");
  await writePng(path, pixels, size, 3);
  const whole = { width: 20, height: 12 };
  const expected = await readRgb(path, whole);
  assert.equal(await readRgb(await readFile(path), whole), expected);
  const part = { left: 4, top: 3, width: 9, height: 6 };
  const rows = Array.from({ length: part.height }, (_, y) => {
    const from = 3 * ((part.top + y) * whole.width + part.left);
    return [...expected.subarray(from, from + 3 * part.width)];
  });
  assert.equal([...(await readRgb(path, whole, part))], rows.flat());
  assert.equal(await imageSize(await readFile(path)), size);
  assert.is(await codeOf(readRgb(Buffer.from("no picture"), size)), "IMAGE_UNREADABLE");
});

test("a JPEG's header that would take seconds to read holds nobody up", async () => {
  const segment = (marker: number, body: Buffer) =>
    Buffer.concat([Buffer.of(0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255), body]);
  const tables = segment(0xc4, Buffer.alloc(17 * 3_800));
  const kinds = {
    tables: Buffer.concat(Array.from({ length: 400 }, () => tables)),
    segments: Buffer.alloc(20_000_000, Buffer.of(0xff, 0xe5, 0, 2)),
    "fill bytes": Buffer.alloc(30_000_000, 0xff),
  };
  for (const [kind, header] of Object.entries(kinds)) {
    const bytes = Buffer.concat([Buffer.of(0xff, 0xd8), header]);
    // Time of the processor, not of the clock: other tests run meanwhile.
    const before = process.cpuUsage();
    assert.is(readJpegScan(bytes), null);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 50_000, kind);
  }
});

test("a JPEG with megabytes behind its data is damaged, which is found at once", async () => {
  const jpeg = await encodeJpeg(new Uint8Array(3 * 64 * 64).fill(90), { width: 64, height: 64 });
  const scan = readJpegScan(jpeg)!;
  for (const filling of [Buffer.of(0), Buffer.of(0xff, 0)]) {
    const bytes = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(32_000_000, filling), Buffer.of(0xff, 0xd9)]);
    // Of the processor, which other tests use, too.
    const before = process.cpuUsage();
    assert.match((await jpegDamage(bytes, scan))!, "bytes are left over");
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 50_000, `${user + system} us`);
  }
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

test("what is wrong with a picture is said once, on one line", async () => {
  const path = join(dir, "disordered.tif");
  const tiff = await sharp(pixels, { raw: { ...size, channels: 3 } })
    .tiff({ compression: "none" })
    .toBuffer();
  // The last two entries of the file's directory change places.
  const start = tiff.readUInt32LE(4);
  const last = start + 2 + 12 * (tiff.readUInt16LE(start) - 1);
  const entry = Buffer.from(tiff.subarray(last - 12, last));
  tiff.copy(tiff, last - 12, last, last + 12);
  entry.copy(tiff, last);
  await writeFile(path, tiff);
  const error = await readRgb(path, size).catch((cause: unknown) => cause);
  assert.instance(error, CodedError);
  const said = error instanceof Error ? error.message : "";
  assert.match(
    said,
    /disordered\.tif: Invalid TIFF directory; tags are not sorted in ascending order(; error in [^;\n]+)*$/,
  );
});

test("a bitmap of one bit a pixel is read by its palette", async () => {
  const path = join(dir, "one-bit.bmp");
  const bmp = Buffer.alloc(62 + 8);
  bmp.write("BM");
  bmp.writeUInt32LE(62, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(3, 18);
  bmp.writeInt32LE(-2, 22);
  bmp.writeUInt16LE(1, 28);
  bmp.set([0, 0, 0, 0, 255, 255, 255, 0], 54);
  bmp.set([0b01000000], 62);
  bmp.set([0b10100000], 66);
  await writeFile(path, bmp);
  const rgb = await readRgb(path, { width: 3, height: 2 });
  assert.equal(
    [...rgb].filter((_, at) => at % 3 === 0),
    [0, 255, 0, 255, 0, 255],
  );
});

test("a folder lists its pictures sorted, sub-folders only when asked", async () => {
  const folder = join(dir, "list");
  for (const name of ["b.png", "a.PNG", "c/d.png", ".hidden.png"]) await writePng(join(folder, name), pixels, size, 3);
  await writeFile(join(folder, "notes.txt"), "no picture");
  const names = (paths: string[]): string[] => paths.map((path) => path.slice(folder.length + 1));
  assert.equal(names(await listImages(folder)), ["a.PNG", "b.png"]);
  assert.equal(names(await listImages(folder, { recursive: true })), ["a.PNG", "b.png", "c/d.png"]);
});

test("a picture is known by its content where its name says nothing", async () => {
  const folder = join(dir, "names");
  const side = { width: 16, height: 16 };
  await writeJpeg(join(folder, "a.jpg"), new Uint8Array(16 * 16 * 3), side);
  const bytes = await readFile(join(folder, "a.jpg"));
  for (const name of ["b.jfif", "c.JPE", "d", "e.2024-05-01"]) await writeFile(join(folder, name), bytes);
  for (const name of ["notes.txt", "Thumbs.db", "labels.json"])
    await writeFile(join(folder, name), "no picture at all");
  const names = (await listImages(folder)).map((path) => basename(path));
  assert.equal(names, ["a.jpg", "b.jfif", "c.JPE", "d", "e.2024-05-01"]);
  for (const name of names) assert.is((await readRgb(join(folder, name), side)).length, 16 * 16 * 3);
});

test("pictures in formats that are not read are named, not passed over", async () => {
  const folder = join(dir, "foreign");
  await mkdir(folder);
  for (const name of ["a.heic", "b.gif"]) await writeFile(join(folder, name), "GIF89a");
  assert.equal((await readFolder(folder)).foreign, [join(folder, "a.heic"), join(folder, "b.gif")]);
  await listImages(folder).catch((error: CodedError) => assert.match(error.message, "2 in formats that are not read"));
});

test("a folder is visited once, whatever links lead to it", async () => {
  const folder = join(dir, "links");
  await writePng(join(folder, "a.png"), pixels, size, 3);
  await symlink(folder, join(folder, "again"));
  await symlink(join(folder, "nowhere"), join(folder, "lost"));
  assert.equal(await listImages(folder, { recursive: true }), [join(folder, "a.png")]);
  const outside = join(dir, "linked");
  await mkdir(outside);
  await symlink(folder, join(outside, "set"));
  assert.equal(await listImages(outside, { recursive: true }), [join(outside, "set", "a.png")], "links are followed");
});

test("a missing and an empty folder are told apart", async () => {
  assert.is(await codeOf(listImages(join(dir, "nowhere"))), "IMAGE_FOLDER_MISSING");
  const empty = await mkdtemp(join(dir, "empty-"));
  assert.is(await codeOf(listImages(empty)), "IMAGE_FOLDER_EMPTY");
});

test.run();
