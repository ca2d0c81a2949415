import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { listImages } from "../../models/pictures/folder.js";
import { writePng } from "../../models/pictures/images.js";
import { splitPictures } from "../../models/training/good-pictures.js";
import { type TrainOptions, trainStudent } from "../../models/training/train.js";
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

test("a stray picture among the held-out ones is named and does not set the threshold", async () => {
  const normal = await writeGoodPictures(join(dir, "stray"), 60);
  const { heldOut } = splitPictures(60, lesson.seed!);
  const stray = (await listImages(normal))[heldOut[3]!]!;
  const red = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at % 3 === 0 ? 200 : 20));
  await writePng(stray, red, { width: 64, height: 64 }, 3);
  const warnings: string[] = [];
  const result = await trainStudent({
    ...lesson,
    normal,
    epochs: 8,
    out: join(dir, "strayed"),
    onProgress: (each) => each.phase === "warning" && warnings.push(each.message),
  });
  assert.equal(
    result.suspicious.map(({ path }) => path),
    [stray],
  );
  assert.match(warnings.join(), stray);
  const { calibration } = (await readBundle(result.bundle)).manifest;
  assert.is(calibration?.images, heldOut.length - 1);
  assert.ok(result.threshold < result.suspicious[0]!.score, "it is above the threshold itself");
});

test.run();
