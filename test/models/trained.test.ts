import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { rateInWords } from "../../models/judging/threshold.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { listImages } from "../../models/pictures/folder.js";
import { readRgb, writePng } from "../../models/pictures/images.js";
import { type TrainOptions, type TrainProgress, trainStudent } from "../../models/training/train.js";
import { temporaryFolder } from "../support/config.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("what a training leaves");
const dir = temporaryFolder();
let lesson: Omit<TrainOptions, "out">;

test.before(async () => {
  lesson = {
    normal: await writeGoodPictures(dir, 22),
    teacher: await writeSmallTeacher(dir),
    arch: "resnet18",
    epochs: 1,
    size: 64,
    batch: 4,
    seed: 5,
    threads: 1,
  };
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "no error";
}

test("a place that cannot be written is refused before anything is read, and trying leaves nothing there", async () => {
  const file = join(dir, "file");
  await writeFile(file, "");
  const onProgress = (): never => assert.unreachable("a picture was read") as never;
  for (const out of [join(file, "bundle"), file, "/proc/bundle", "/proc/deep/bundle"]) {
    assert.is(await codeOf(trainStudent({ ...lesson, out, onProgress })), "BUNDLE_UNWRITABLE", out);
  }
  const tried = join(dir, "tried");
  await mkdir(tried);
  assert.is(
    await codeOf(trainStudent({ ...lesson, out: join(tried, "deep", "bundle"), teacher: "/nope" })),
    "WEIGHTS_UNREADABLE",
  );
  assert.equal(await readdir(tried), []);
});

test("a bundle has the name and version that it was given, else its folder's and its date's", async () => {
  const named = await trainStudent({ ...lesson, out: join(dir, "n1"), name: "plate", version: "2024.1" });
  assert.equal([named.name, named.version], ["plate", "2024.1"]);
  const { manifest } = await readBundle(named.bundle);
  assert.equal([manifest.name, manifest.version, manifest.sha256], ["plate", "2024.1", named.sha256]);
  const plain = await trainStudent({ ...lesson, out: `${join(dir, "n2")}/` });
  assert.is(plain.name, "n2");
  assert.match(plain.version, /^\d{8}T\d{6}Z$/);
  for (const version of ["", "a/b", "-1", "x".repeat(65), "a\nb"]) {
    assert.is(await codeOf(trainStudent({ ...lesson, out: join(dir, "n3"), version })), "OPTION_INVALID", version);
  }
});

test("a stray picture is named, does not set the threshold, and is left out of the training where that is wanted", async () => {
  const normal = await writeGoodPictures(join(dir, "stray"), 40);
  const stray = (await listImages(normal))[17]!;
  const red = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at % 3 === 0 ? 200 : 20));
  await writePng(stray, red, { width: 64, height: 64 }, 3);
  const warnings: string[] = [];
  const report = join(dir, "stray.html");
  const onProgress = (each: TrainProgress) => each.phase === "warning" && warnings.push(each.message);
  const kept = await trainStudent({ ...lesson, normal, out: join(dir, "kept"), onProgress, reportPath: report });
  assert.is(kept.suspicious[0]?.path, stray);
  assert.ok(kept.suspicious.length <= 3, "the others are alike");
  assert.match(warnings.join(), stray);
  const html = await readFile(report, "utf8");
  assert.match(html, stray);
  assert.match(html, 'alt="map"');
  assert.is(html.split("<figure>").length - 1, kept.suspicious.length + 6, "the oddest of the others are shown, too");
  const left = await trainStudent({ ...lesson, normal, out: join(dir, "left"), suspicious: "exclude" });
  assert.is(left.memory?.pictures, 40 - kept.suspicious.length);
  for (const { threshold, calibration } of [kept, left]) {
    assert.is(calibration.images, 40 - kept.suspicious.length);
    assert.ok(threshold < 1.5 * calibration.max, "set by the others");
  }
});

test("the memory alone is a detector: it sees what no good picture shows, and tells how little ten pictures prove", async () => {
  const normal = await writeGoodPictures(join(dir, "quick"), 10);
  const result = await trainStudent({ ...lesson, normal, out: join(dir, "quick-bundle"), quick: true });
  assert.equal([result.epochs, result.loss, result.memory?.weight], [0, null, 1]);
  const { manifest, modelPath } = await readBundle(result.bundle);
  const session = await openSession(await readModel(modelPath, manifest), { threads: 1 });
  const scoreOf = async (pixels: Uint8Array) =>
    floatsOf((await session.run({ image: new Tensor("uint8", pixels, [1, 64, 64, 3]) })).score)[0]!;
  const [first] = await listImages(normal);
  const good = await readRgb(first!, { width: 64, height: 64 });
  const bad = good.slice();
  for (let y = 20; y < 44; y += 1) bad.fill(0, 3 * (64 * y + 20), 3 * (64 * y + 44));
  assert.ok((await scoreOf(good)) < result.threshold, "a good part");
  assert.ok((await scoreOf(bad)) > result.threshold, "a hole in it");
  await session.close();
  assert.match(
    rateInWords(result.calibration.falseAlarmRate!, result.moreImagesWanted),
    "of 1,000 good parts expect 10",
  );
  assert.ok(result.calibration.falseAlarmRate!.upper95 > 0.2);
  assert.ok(result.moreImagesWanted > 300);
});

test("the same picture over and over makes a detector, too, and none of them is odd", async () => {
  const normal = await writeGoodPictures(join(dir, "same"), 6);
  const [first, ...rest] = await listImages(normal);
  const pixels = await readRgb(first!, { width: 64, height: 64 });
  for (const path of rest) await writePng(path, pixels, { width: 64, height: 64 }, 3);
  for (const quick of [true, false]) {
    const { threshold, suspicious, memory } = await trainStudent({
      ...lesson,
      normal,
      out: join(dir, `same-${quick}`),
      quick,
    });
    assert.equal(suspicious, []);
    assert.ok(threshold > 0 && Number.isFinite(threshold) && Number.isFinite(memory?.scale), `${threshold}`);
  }
});

test("below 256 pixels a training says what that costs", async () => {
  const warnings: string[] = [];
  const onProgress = (each: TrainProgress) => each.phase === "warning" && warnings.push(each.message);
  await trainStudent({ ...lesson, out: join(dir, "small"), quick: true, onProgress });
  assert.ok(warnings.some((each) => each.startsWith("at 64 pixels")));
});

test.run();
