import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readTestSet } from "../../models/evaluate/dataset.js";
import { evaluateBundle } from "../../models/evaluate/evaluate.js";
import { evaluationTable } from "../../models/evaluate/table.js";
import { writePng } from "../../models/pictures/images.js";
import { dataSet as makeDataSet, mask, picture, side, size } from "../support/data-set.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("evaluate");
let root = "";
let bundle = "";
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), "retort-evaluate-"));
  bundle = await writeTinyBundle(size);
});
test.after(async () => {
  for (const dir of [root, bundle]) await rm(dir, { recursive: true });
});

const dataSet = (name: string) => makeDataSet(join(root, name));

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return undefined;
}

test("figures over all and per type, in the contract's shape", async () => {
  const steps: string[] = [];
  const data = await dataSet("whole");
  const report = join(root, "out", "report.html");
  const result = await evaluateBundle({
    bundle,
    data,
    report,
    threads: 1,
    onProgress: (done, total) => steps.push(`${done}/${total}`),
  });
  assert.is(result.image.auroc, 0.75, "spot beats both good pictures, fade only one");
  assert.is(result.image.count, 4);
  assert.is(result.types.spot?.image.auroc, 1);
  assert.is(result.types.spot?.pixel?.auroc, 1);
  assert.is(result.types.spot?.pixel?.aupro, 1);
  assert.is(result.types.fade?.image.auroc, 0.5);
  // Best F1: everything above 20/255 is taken: two hits, one false alarm.
  assert.is(result.image.f1, 0.8);
  assert.ok(result.image.threshold > 20 / 255 && result.image.threshold < 50 / 255);
  assert.equal(steps, ["1/4", "2/4", "3/4", "4/4"]);
  assert.equal(JSON.parse(JSON.stringify(result)), result, "JSON as it stands");

  const table = evaluationTable(result).split("\n");
  assert.ok(
    table.some((line) => /^spot +1 +1\.0000 +1\.0000 +1\.0000$/.test(line)),
    table.join("\n"),
  );
  assert.ok(table.some((line) => /^all +2 +0\.7500/.test(line)));

  const html = await readFile(report, "utf8");
  assert.is((html.match(/<figure/g) ?? []).length, 4);
  assert.is((html.match(/alt="true defect"/g) ?? []).length, 2);
  assert.is((html.match(/, false alarm/g) ?? []).length, 0, "the bundle's threshold of 0.5 rejects no good picture");
  assert.not.match(html, /https?:/, "asks nothing of other hosts");
});

test("a layout that cannot be evaluated is refused before anything is computed", async () => {
  assert.is(await codeOf(readTestSet(join(root, "nowhere"))), "DATA_LAYOUT");

  const noGood = join(root, "no-good");
  await picture(join(noGood, "test", "spot", "000.png"), 20, 200);
  assert.is(await codeOf(readTestSet(noGood)), "DATA_NO_GOOD");

  const noDefects = join(root, "no-defects");
  await picture(join(noDefects, "test", "good", "000.png"), 20, null);
  assert.is(await codeOf(readTestSet(noDefects)), "DATA_NO_DEFECTS");
});

test("masks may be named like their pictures", async () => {
  const dir = await dataSet("plain-names");
  await rm(join(dir, "ground_truth", "fade"), { recursive: true });
  await mask(join(dir, "ground_truth", "fade", "000.png"));
  const { images } = await readTestSet(dir);
  assert.equal(images.find(({ type }) => type === "fade")?.masks, [join(dir, "ground_truth", "fade", "000.png")]);
});

test("without masks the image figures are the answer", async () => {
  const data = await dataSet("no-masks");
  await rm(join(data, "ground_truth"), { recursive: true });
  const result = await evaluateBundle({ bundle, data, threads: 1, report: join(root, "no-masks.html") });
  assert.is(result.image.auroc, 0.75);
  assert.equal([result.pixel, result.types.spot?.pixel, result.warnings], [null, null, []]);
  assert.match(evaluationTable(result), /^all +2 +0\.7500 +- +-$/m);
});

test("a defect type without masks has no pixel figures, and costs the others none", async () => {
  const data = await dataSet("half-masks");
  await rm(join(data, "ground_truth", "fade"), { recursive: true });
  const { pixel, types, warnings } = await evaluateBundle({ bundle, data, threads: 1 });
  assert.equal([pixel?.auroc, types.spot?.pixel?.auroc, types.fade?.pixel], [1, 1, null]);
  assert.equal(warnings, []);
});

test("a picture whose mask is lost counts for the image figures alone, and is named", async () => {
  const data = await dataSet("lost-mask");
  await picture(join(data, "test", "spot", "001.png"), 20, 200);
  const { types, warnings } = await evaluateBundle({ bundle, data, threads: 1 });
  assert.is(types.spot?.image.count, 2);
  assert.is(types.spot?.pixel?.auroc, 1, "its bright square is no good pixel");
  assert.equal(
    warnings.map(({ path }) => basename(path)),
    ["001.png"],
  );
  assert.match(warnings[0]!.reason, "1 of 2 pictures of spot have no mask");
});

test("a mask that is empty, of other proportions, inverted or unreadable is named", async () => {
  const data = await dataSet("odd-masks");
  const masks = join(data, "ground_truth", "spot");
  const odd = ["empty", "narrow", "inverted", "broken"];
  for (const name of odd) await picture(join(data, "test", "spot", `${name}.png`), 20, 200);
  await writePng(join(masks, "empty_mask.png"), new Uint8Array(side * side), size, 1);
  await writePng(
    join(masks, "narrow_mask.png"),
    new Uint8Array(side * 8).fill(255, 0, 4),
    { width: side, height: 8 },
    1,
  );
  await writePng(join(masks, "inverted_mask.png"), new Uint8Array(side * side).fill(255, 64), size, 1);
  await writeFile(join(masks, "broken_mask.png"), "no picture");
  const { types, warnings } = await evaluateBundle({ bundle, data, threads: 1 });
  assert.is(types.spot?.image.count, 5);
  const reasonOf = (name: string) => warnings.find(({ path }) => path.includes(name))?.reason ?? "";
  assert.match(reasonOf("empty"), "it marks nothing");
  assert.match(reasonOf("narrow"), "it is 16 x 8 and its picture 16 x 16");
  assert.match(reasonOf("inverted"), "is it inverted?");
  assert.match(reasonOf("broken"), "cannot read the picture");
  assert.is(warnings.length, odd.length);
});

test("one unreadable picture near the end is left out and named; the rest is evaluated", async () => {
  const data = await dataSet("unreadable");
  await writeFile(join(data, "test", "spot", "zzz.png"), "no picture");
  await mask(join(data, "ground_truth", "spot", "zzz_mask.png"));
  const { image, warnings } = await evaluateBundle({ bundle, data, threads: 1 });
  assert.equal([image.count, image.auroc], [4, 0.75]);
  assert.equal(
    warnings.map(({ path }) => basename(path)),
    ["zzz.png"],
  );
  for (const name of ["000.png", "001.png"]) await writeFile(join(data, "test", "good", name), "no picture");
  assert.is(await codeOf(evaluateBundle({ bundle, data, threads: 1 })), "IMAGE_UNREADABLE", "nothing to compare with");
});

test("names that look the same belong together, however an archive spelt them", async () => {
  const data = await dataSet("spelling");
  await picture(join(data, "test", "spot", "gr\u00fcn.png"), 20, 200);
  await mask(join(data, "ground_truth", "spot", "gru\u0308n_mask.png"));
  await picture(join(data, "test", "spot", "LOUD.PNG"), 20, 200);
  await mask(join(data, "ground_truth", "spot", "LOUD_MASK.PNG"));
  const { images, warnings } = await readTestSet(data);
  assert.equal(
    images.filter(({ type, masks }) => type === "spot" && masks.length !== 1),
    [],
  );
  assert.equal(warnings, []);
});

test("relatives of the layout are read: a mask file for each defect, ok beside ko, folders of cameras, a system's litter", async () => {
  const data = join(root, "relatives");
  await picture(join(data, "test", "OK", "cam1", "000.png"), 20, null);
  await picture(join(data, "test", "logical", "000.png"), 20, 200);
  await picture(join(data, "test", "structural", "cam1", "000.png"), 20, 200);
  await mkdir(join(data, "test", "__MACOSX"));
  await mkdir(join(data, "test", "combined"));
  for (const name of ["000.png", "001.png"]) await mask(join(data, "ground_truth", "logical", "000", name));
  await mask(join(data, "ground_truth", "structural", "cam1", "000_mask.png"));
  const { images, warnings } = await readTestSet(data);
  assert.equal(
    images.map(({ type, masks }) => [type, masks.length]),
    [
      ["good", 0],
      ["logical", 2],
      ["structural", 1],
    ],
  );
  assert.equal(warnings, [{ path: join(data, "test", "combined"), reason: "it holds no pictures" }]);
  assert.is((await evaluateBundle({ bundle, data, threads: 1 })).pixel?.auroc, 1);
});

test("a report that cannot be written is refused before the work, and trying leaves no file", async () => {
  const data = await dataSet("report");
  const onProgress = (): never => assert.unreachable("a picture was scored") as never;
  for (const report of ["/dev/null/report.html", root, "/proc/report.html"]) {
    assert.is(await codeOf(evaluateBundle({ bundle, data, report, onProgress })), "REPORT_UNWRITABLE", report);
    assert.is(await codeOf(evaluateBundle({ bundle, data, scores: report, onProgress })), "REPORT_UNWRITABLE", report);
  }
  const missing = join(root, "nowhere");
  const report = join(root, "left", "report.html");
  assert.is(await codeOf(evaluateBundle({ bundle: missing, data, report })), "BUNDLE_UNREADABLE");
  await evaluateBundle({ bundle, data, report });
  assert.equal(await readdir(join(root, "left")), ["report.html"]);
});

test.run();
