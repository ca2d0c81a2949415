import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { connectedComponents } from "../../models/pictures/components.js";
import { type Size, writePng } from "../../models/pictures/images.js";
import { readMask, scaleMask } from "../../models/pictures/masks.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("masks");
const dir = temporaryFolder();
const two = { width: 2, height: 2 };

async function marks(name: string, bytes: Buffer, size = two): Promise<number[]> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return [...(await readMask(path, size)).pixels];
}

const grey = (values: readonly number[]) => sharp(Uint8Array.from(values), { raw: { ...two, channels: 1 } });

test("a mask is 0 and 1, also when enlarged", async () => {
  const path = join(dir, "mask.png");
  await writePng(path, Uint8Array.of(0, 255, 255, 0), two, 1);
  assert.equal([...(await readMask(path, two)).pixels], [0, 1, 1, 0]);
  assert.equal([...(await readMask(path, { width: 4, height: 2 })).pixels], [0, 0, 1, 1, 1, 1, 0, 0]);
  assert.is((await readMask(path, two)).marked, 0.5);
});

test("any value above 0 is a defect, in every depth that masks are saved in", async () => {
  const wide = (values: readonly number[]) =>
    sharp(Uint16Array.from(values), { raw: { ...two, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
  assert.equal(
    await marks("classes.png", await grey([0, 1, 5, 0]).toColourspace("b-w").png().toBuffer()),
    [0, 1, 1, 0],
  );
  assert.equal(
    await marks("strength.png", await grey([0, 100, 255, 0]).toColourspace("b-w").png().toBuffer()),
    [0, 1, 1, 0],
  );
  assert.equal(await marks("wide-1.png", await wide([0, 1, 1, 0])), [0, 1, 1, 0], "16 bits that hold 0 and 1");
  assert.equal(await marks("wide-full.png", await wide([0, 255, 65_535, 0])), [0, 1, 1, 0]);
  assert.equal(
    await marks("bit.png", await grey([0, 255, 255, 0]).png({ palette: true, colours: 2 }).toBuffer()),
    [0, 1, 1, 0],
  );
  const blue = Uint8Array.of(0, 0, 0, 0, 0, 1, 128, 0, 0, 0, 0, 0);
  const palette = await sharp(blue, { raw: { ...two, channels: 3 } })
    .png({ palette: true })
    .toBuffer();
  assert.equal(await marks("palette.png", palette), [0, 1, 1, 0]);
});

test("what is transparent is no defect, whatever its colour", async () => {
  const white = Uint8Array.of(255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0);
  assert.equal(
    await marks(
      "alpha.png",
      await sharp(white, { raw: { ...two, channels: 4 } })
        .png()
        .toBuffer(),
    ),
    [0, 1, 1, 0],
  );
});

test("a mask that is painted in black on nothing marks what is painted", async () => {
  const black = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 0);
  const png = await sharp(black, { raw: { ...two, channels: 4 } })
    .png()
    .toBuffer();
  assert.equal(await marks("alpha-black.png", png), [0, 1, 1, 0]);
});

test("the ringing around a JPEG mask's edges is no defect", async () => {
  const size = { width: 32, height: 32 };
  const square = Uint8Array.from({ length: 32 * 32 }, (_, at) => (at % 32 > 12 && at >> 5 > 12 ? 255 : 0));
  const jpeg = await sharp(square, { raw: { ...size, channels: 1 } })
    .jpeg({ quality: 60 })
    .toBuffer();
  assert.equal(
    await marks("ringing.jpg", jpeg, size),
    [...square].map((value) => (value > 0 ? 1 : 0)),
  );
});

test("a scratch thinner than a pixel is kept when its mask is scaled down", async () => {
  const side = 2560;
  const hair = new Uint8Array(side * side);
  for (let y = 300; y < 303; y += 1) hair.fill(255, y * side + 300, y * side + 2000);
  const path = join(dir, "hair.png");
  await writePng(path, hair, { width: side, height: side }, 1);
  const { pixels, marked } = await readMask(path, { width: 256, height: 256 });
  assert.is(
    pixels.reduce((sum, value) => sum + value, 0),
    170,
    "one pixel wide, as long as it was",
  );
  assert.ok(marked > 0 && marked < 0.001);
});

test("no defect is lost in scaling, and none grows beyond the pixels that it touches", () => {
  const sides = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
  const masks = sides.chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height, max: 30 })
      .map((noise) => ({ width, height, pixels: Uint8Array.from(noise, (value) => (value === 0 ? 1 : 0)) })),
  );
  fc.assert(
    fc.property(masks, sides, (mask, size) => {
      const scaled = scaleMask(mask, size);
      const touched = touchedBy(mask, size);
      const { labels, components } = connectedComponents(touched, size.width, size.height);
      const shown = new Set(labels.filter((_, at) => scaled[at] === 1));
      return !shown.has(0) && shown.size === components.length;
    }),
    { seed: 7, numRuns: 1_000 },
  );
});

type Marked = Size & { readonly pixels: Uint8Array };

/** The pixels of the new size that overlap a marked one. */
function touchedBy(mask: Marked, size: Size): Uint8Array {
  const touched = new Uint8Array(size.width * size.height);
  for (const [at, value] of mask.pixels.entries()) {
    if (value === 0) continue;
    const x = at % mask.width;
    const y = (at - x) / mask.width;
    const [left, right] = [(x * size.width) / mask.width, ((x + 1) * size.width) / mask.width];
    const [top, bottom] = [(y * size.height) / mask.height, ((y + 1) * size.height) / mask.height];
    for (let row = Math.floor(top); row < bottom; row += 1)
      touched.fill(1, row * size.width + Math.floor(left), row * size.width + Math.ceil(right));
  }
  return touched;
}

test.run();
