import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createImagesSource } from "../../agent/capture/images.js";
import { runProgram } from "../../agent/cli/program.js";
import { loadModel } from "../../agent/inference/load.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { openScorer } from "../../models/evaluate/scorer.js";
import { readRgb, writePng } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("pictures that are not square");
const dir = temporaryFolder();
/** What the camera sees, four times as wide as high; the model sees it twice as wide as high. */
const SEEN = { width: 240, height: 60 };
const INPUT = { width: 128, height: 64 };

/** Grey noise, with a white square at the right edge where there is a defect. */
async function writePart(path: string, seed: number, isDefective = false): Promise<void> {
  const random = createRandom(seed);
  const pixels = Uint8Array.from({ length: SEEN.width * SEEN.height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % SEEN.width, Math.floor(at / 3 / SEEN.width)];
    return isDefective && x > 212 && y > 15 && y < 45 ? 255 : 90 + random.int(30);
  });
  await writePng(path, pixels, SEEN, 3);
}

test("are learned as --size says, scaled and never cropped, and the agent judges them in that very shape", async () => {
  const [normal, bad, bundle] = ["good", "bad", "bundle"].map((name) => join(dir, name)) as [string, string, string];
  for (const folder of [normal, bad]) await mkdir(folder);
  for (let index = 0; index < 12; index += 1) await writePart(join(normal, `${index}.png`), index);
  await writePart(join(bad, "0.png"), 99, true);
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    err: () => {},
    stderr: process.stderr,
    interactive: false,
    coloured: false,
  };
  const teacher = await writeSmallTeacher(dir);
  const options = ["--size", "128x64", "--epochs", "1", "--batch", "4", "--threads", "1", "--json"];
  const train = ["train", "--normal", normal, "--arch", "resnet18", "--teacher", teacher, "--out", bundle, ...options];
  assert.is(await runProgram(train, terminal), 0);
  const { manifest } = await readBundle(bundle);
  assert.equal(manifest.input, INPUT);

  const scorer = await openScorer(await readBundle(bundle), 1);
  const { score, map } = await scorer.score(await readRgb(join(bad, "0.png"), scorer.size));
  await scorer.close();
  assert.ok(
    map.indexOf(Math.max(...map)) % INPUT.width > 96,
    "the right edge is inside, and what is there is found there",
  );

  const { engine } = await loadModel(bundle, {
    inference: inferenceConfig(),
    mostWaiting: 1,
    onRestart: () => {},
  });
  const source = createImagesSource({ path: bad, input: engine.input, roi: { x: 0, y: 0, width: 1, height: 1 } });
  try {
    assert.equal(engine.input, INPUT);
    source.start();
    const grab = await source.grab();
    assert.is(grab.kind, "picture");
    if (grab.kind !== "picture") return;
    assert.equal(grab.native, SEEN);
    const outcome = await engine.inspect(greyFrame(0, INPUT, { pixels: grab.pixels }));
    assert.is(outcome.kind, "inspected", JSON.stringify(outcome));
    if (outcome.kind === "inspected") assert.ok(Math.abs(outcome.inspection.score - score) < 0.02 * score);
  } finally {
    await source.stop();
    await engine.close();
  }
});

test("a size that no network divides is refused, and so is one that is no size", async () => {
  const terminal = { out: () => {}, err: () => {}, stderr: process.stderr, interactive: false, coloured: false };
  const train = [
    "train",
    "--normal",
    dir,
    "--arch",
    "resnet18",
    "--teacher",
    dir,
    "--out",
    join(dir, "never"),
    "--size",
  ];
  for (const size of ["100x64", "64x", "64x64x64", "0x64", "512*256"]) {
    assert.is(await runProgram([...train, size], terminal), 2, size);
  }
});

test.run();
