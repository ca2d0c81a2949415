import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { runProgram } from "../../agent/cli/program.js";
import { CodedError } from "../../errors.js";
import { amendBundle, readBundle } from "../../models/bundle/bundle.js";
import { listImages } from "../../models/pictures/folder.js";
import { readRgb, writePng } from "../../models/pictures/images.js";
import { type CalibrateResult, calibrateBundle } from "../../models/training/calibrate.js";
import { trainStudent } from "../../models/training/train.js";
import { temporaryFolder } from "../support/config.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("calibrating a bundle");
const dir = temporaryFolder();
const bundle = join(dir, "bundle");
const defects = join(dir, "defects");
const size = { width: 64, height: 64 };
let normal = "";

test.before(async () => {
  normal = await writeGoodPictures(dir, 40);
  const teacher = await writeSmallTeacher(dir);
  await trainStudent({ normal, teacher, arch: "resnet18", out: bundle, size: 64, threads: 1, quick: true });
  await mkdir(defects);
  for (const [index, path] of (await listImages(normal)).slice(0, 6).entries()) {
    await writePng(join(defects, `${index}.png`), await withHole(path), size, 3);
  }
});

async function withHole(path: string): Promise<Uint8Array> {
  const pixels = await readRgb(path, size);
  for (let y = 16; y < 48; y += 1) pixels.fill(0, 3 * (64 * y + 16), 3 * (64 * y + 48));
  return pixels;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
  );
}

test("a threshold that was never calibrated is a guess: however far from it, what good pictures say is taken", async () => {
  const { threshold, calibration } = (await readBundle(bundle)).manifest;
  await amendBundle(bundle, { threshold: 50 * threshold });
  assert.is(await codeOf(calibrateBundle({ bundle, normal })), "CALIBRATE_IMPLAUSIBLE");
  await amendBundle(bundle, { threshold: 50 * threshold, calibration: null });
  const found = await calibrateBundle({ bundle, normal });
  assert.ok(found.threshold < 5 * threshold, String(found.threshold));
  await amendBundle(bundle, { threshold, calibration });
});

test("the threshold is set for the share wanted, written into the bundle, and what it misses is said", async () => {
  // A foreign threshold, not too far off.
  const trained = (await readBundle(bundle)).manifest.threshold;
  await amendBundle(bundle, { threshold: 1.2 * trained });
  const out: string[] = [];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: () => {},
    stderr: process.stderr,
    interactive: false,
    coloured: false,
  };
  const args = ["calibrate", "--model", bundle, "--normal", normal, "--defects", defects, "--false-alarms", "5%"];
  assert.is(await runProgram([...args, "--force", "--json"], terminal), 0);
  const result = JSON.parse(out[0]!) as CalibrateResult;
  const { manifest } = await readBundle(bundle);
  assert.is(manifest.threshold, result.threshold);
  assert.equal(manifest.calibration?.falseAlarmRate, result.falseAlarmRate);
  assert.equal([result.falseAlarmRate.wanted, result.before], [0.05, 1.2 * trained]);
  assert.is(result.images + result.leftOut.length, 40);
  assert.equal([result.missed?.count, result.missed?.of], [0, 6]);
  const curve = result.missed!.curve;
  assert.is(curve[0]!.missed, 0);
  assert.equal([curve.at(-1)!.rejected, curve.at(-1)!.missed], [0, 1]);
  assert.is(result.missed!.check.images, 20);
  assert.equal([result.missed!.inForce.threshold, result.missed!.inForce.missed], [result.threshold, 0]);
  out.length = 0;
  assert.is(await runProgram([...args, "--force"], terminal), 0);
  assert.match(out.join("\n"), /of 1,000 good parts expect \d+ to be rejected, 95 % sure of fewer than \d+/);
  assert.match(out.join("\n"), "0 of 6 defects are missed");
  const set = out
    .join("\n")
    .split("\n")
    .filter((line) => line.endsWith("<- set"));
  assert.equal(
    set.map((line) => line.trim().split(/\s+/)[0]),
    [result.threshold.toFixed(4)],
  );
});

test("defects given for good parts are not taken: nothing is changed", async () => {
  const before = await readFile(join(bundle, "model.json"), "utf8");
  assert.is(await codeOf(calibrateBundle({ bundle, normal: defects })), "CALIBRATE_IMPLAUSIBLE");
  const mixed = await writeGoodPictures(join(dir, "mixed"), 20);
  for (const path of (await listImages(mixed)).slice(0, 5)) await writePng(path, await withHole(path), size, 3);
  assert.is(await codeOf(calibrateBundle({ bundle, normal: mixed })), "CALIBRATE_IMPLAUSIBLE");
  assert.is(await codeOf(calibrateBundle({ bundle, normal, falseAlarms: 0.9 })), "OPTION_INVALID");
  assert.is(await readFile(join(bundle, "model.json"), "utf8"), before);
});

test("one defect among the good pictures is left out and named", async () => {
  const mixed = await writeGoodPictures(join(dir, "one"), 30);
  const [first] = await listImages(mixed);
  await writePng(first!, await withHole(first!), size, 3);
  const result = await calibrateBundle({ bundle, normal: mixed, force: true });
  assert.equal(
    result.leftOut.map(({ path }) => path),
    [first],
  );
  assert.ok(result.threshold < result.leftOut[0]!.score);
});

test("black pictures are left out, and the error says so; --no-image-health takes them where the training did", async () => {
  const black = join(dir, "black");
  await mkdir(black);
  for (const name of ["a", "b", "c", "d"])
    await writePng(join(black, `${name}.png`), new Uint8Array(64 * 64 * 3), size, 3);
  const refusal = await calibrateBundle({ bundle, normal: black }).catch((error: unknown) => error);
  assert.instance(refusal, CodedError);
  const { code, message } = refusal as CodedError;
  assert.equal([code, /4 were left out, the first: .*a\.png: .*black/.test(message)], ["TOO_FEW_IMAGES", true]);
  assert.is((await calibrateBundle({ bundle, normal: black, imageHealth: false, force: true })).images, 4);
});

test.run();
