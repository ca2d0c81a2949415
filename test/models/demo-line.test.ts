import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  createDemoLine,
  createDemoStream,
  DEFECT_TYPES,
  type DemoFrame,
  writeDemoDataset,
} from "../../models/demo-line/index.js";
import { readTestSet } from "../../models/evaluate/dataset.js";
import { listImages } from "../../models/pictures/folder.js";
import { readRgb } from "../../models/pictures/images.js";
import { readMask } from "../../models/pictures/masks.js";
import { createRandom } from "../../models/random.js";
import { suite } from "../support/suite.js";

const test = suite("demo line");
const line = createDemoLine(1);
const size = { width: 128, height: 128 };

test("the same chance gives the same part, other chance another", () => {
  const part = (seed: number) => line.renderPart({ random: createRandom(seed), size, defect: "stain" });
  assert.equal(part(1), part(1));
  assert.not.equal(part(1).pixels, part(2).pixels);
});

test("a good part has an empty mask; each defect's is half a percent to eight percent of the picture", () => {
  for (let seed = 0; seed < 25; seed += 1) {
    const random = createRandom(seed);
    assert.not.ok(line.renderPart({ random, size }).mask.includes(1));
    for (const defect of DEFECT_TYPES) {
      const { mask } = line.renderPart({ random, size, defect });
      const share = mask.reduce((sum, value) => sum + value, 0) / mask.length;
      assert.ok(share >= 0.004 && share <= 0.08, `${defect}, seed ${seed}: ${share}`);
    }
  }
});

test("the mask is where the picture differs from the same part without the defect", () => {
  for (const defect of DEFECT_TYPES) {
    let differs = 0;
    let marked = 0;
    let hit = 0;
    for (let seed = 0; seed < 10; seed += 1) {
      // Chance is drawn in the same order up to the defect, so the part beneath is the same; its light is not.
      const bad = line.renderPart({ random: evenLight(seed), size, defect });
      const good = line.renderPart({ random: evenLight(seed), size });
      for (let i = 0; i < bad.mask.length; i += 1) {
        const change = Math.abs((bad.pixels[3 * i + 1] as number) - (good.pixels[3 * i + 1] as number)) > 25;
        differs += change ? 1 : 0;
        marked += bad.mask[i] as number;
        hit += change && bad.mask[i] ? 1 : 0;
      }
    }
    assert.ok(hit / differs > 0.8, `${defect}: ${hit} of ${differs} changed pixels lie in the mask`);
    assert.ok(hit / marked > 0.3, `${defect}: ${hit} of ${marked} masked pixels differ visibly`);
  }
});

/** Chance for a part's place, then always the middle: defects in the middle of their ranges, even light. */
function evenLight(seed: number) {
  const random = createRandom(seed);
  let drawn = 0;
  const next = () => ((drawn += 1) <= 9 ? random.next() : 0.5);
  return {
    ...random,
    next,
    int: (below: number) => Math.floor(next() * below),
    between: (from: number, to: number) => from + (to - from) * next(),
    pick: <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T,
  };
}

test("a part stays in view for several frames and moves; good parts dominate and lie between defects", () => {
  const stream = createDemoStream({ line, seed: 3, size: { width: 32, height: 32 }, framesPerPart: 5, defectEvery: 8 });
  const parts = new Map<number, DemoFrame[]>();
  for (let i = 0; i < 5 * 200; i += 1) {
    const frame = stream.next();
    parts.set(frame.part, [...(parts.get(frame.part) ?? []), frame]);
  }
  assert.is(parts.size, 200);
  for (const frames of parts.values()) {
    assert.is(frames.length, 5);
    assert.is(new Set(frames.map(({ defect }) => defect)).size, 1);
    assert.not.equal(frames[0]?.pixels, frames[4]?.pixels);
  }
  const defects = [...parts.values()].map((frames) => frames[0]?.defect ?? null);
  const places = defects.flatMap((defect, i) => (defect ? [i] : []));
  assert.ok(places.length > 15 && places.length < 40, `${places.length} defective parts of 200`);
  assert.ok((places[0] as number) < 4, "the first comes soon");
  places.slice(1).forEach((place, i) => {
    assert.ok(place - (places[i] as number) > 3);
  });
  assert.is(new Set(defects).size, 1 + DEFECT_TYPES.length, "every type occurs");
});

test("a worn tool now and then: four parts in a row have the same defect, and most defects still come alone", () => {
  const stream = createDemoStream({ line, size: { width: 16, height: 16 }, framesPerPart: 1, spellEvery: 3 });
  const defects = Array.from({ length: 200 }, () => stream.next().defect);
  const runs: number[] = [];
  defects.forEach((defect, at) => {
    if (defect === null) return;
    if (at > 0 && defects[at - 1] === defect) runs[runs.length - 1]! += 1;
    else runs.push(1);
  });
  assert.equal(runs.slice(0, 6), [1, 1, 4, 1, 1, 4]);
  // Ten parts of six pictures are six seconds of the demo.
  assert.ok(
    defects.findIndex((defect, at) => defect !== null && defect === defects[at - 1]) < 60,
    "a newcomer sees one",
  );
});

test("the stream repeats itself for the same seed, and hands out memory of its own", () => {
  const run = (seed: number) => {
    const stream = createDemoStream({ line, seed, size });
    return Array.from({ length: 8 }, () => stream.next().pixels);
  };
  const frames = run(1);
  assert.equal(run(1), frames);
  assert.not.equal(run(2), frames);
  assert.is(new Set(frames.map(({ buffer }) => buffer)).size, frames.length);
  assert.is(frames[0]?.buffer.byteLength, 128 * 128 * 3);
});

test("a data set in the MVTec layout that the evaluation reads", async () => {
  const dir = await mkdtemp(join(tmpdir(), "retort-demo-"));
  try {
    const small = { width: 64, height: 64 };
    await writeDemoDataset({ dir, line, seed: 1, size: small, train: 3, testGood: 2, testPerType: 1 });
    assert.is((await listImages(join(dir, "train", "good"))).length, 3);
    const { images, warnings } = await readTestSet(dir);
    assert.equal(warnings, []);
    assert.equal(images.map(({ type }) => type).sort(), ["dent", "good", "good", "missing", "scratch", "stain"]);
    for (const { path, masks } of images) {
      assert.is((await readRgb(path, small)).length, 64 * 64 * 3);
      for (const mask of masks) assert.ok((await readMask(mask, small)).marked > 0, mask);
    }
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.run();
