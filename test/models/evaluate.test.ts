import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readTestSet } from "../../models/evaluate/dataset.js";
import { evaluateBundle } from "../../models/evaluate/evaluate.js";
import { evaluationTable } from "../../models/evaluate/table.js";
import { writePng } from "../../models/pictures/images.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

/** The tiny bundle's map is brightness, so bright squares on dark pictures are "defects" it finds. */
const side = 16;
const size = { width: side, height: side };
const test = suite("evaluate");
let root = "";
let bundle = "";
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), "retort-evaluate-"));
  bundle = await writeTinyBundle({ width: side, height: side });
});
test.after(async () => {
  for (const dir of [root, bundle]) await rm(dir, { recursive: true });
});

async function picture(path: string, background: number, square: number | null): Promise<void> {
  const inside = (i: number): boolean => square !== null && i % side < 4 && Math.floor(i / side) < 4;
  const rgb = Uint8Array.from({ length: 3 * side * side }, (_, i) =>
    inside(Math.floor(i / 3)) ? (square as number) : background,
  );
  await writePng(path, rgb, size, 3);
}

async function mask(path: string): Promise<void> {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) =>
    i % side < 4 && Math.floor(i / side) < 4 ? 255 : 0,
  );
  await writePng(path, pixels, size, 1);
}

/** Two good pictures, one clear "spot", one "fade" that is darker than the brighter of the good ones. */
async function dataSet(name: string): Promise<string> {
  const dir = join(root, name);
  await picture(join(dir, "test", "good", "000.png"), 20, null);
  await picture(join(dir, "test", "good", "001.png"), 60, null);
  await picture(join(dir, "test", "spot", "000.png"), 20, 200);
  await picture(join(dir, "test", "fade", "000.png"), 20, 50);
  await mask(join(dir, "ground_truth", "spot", "000_mask.png"));
  await mask(join(dir, "ground_truth", "fade", "000_mask.png"));
  return dir;
}

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
  assert.is(result.types.spot?.pixel.auroc, 1);
  assert.is(result.types.spot?.pixel.aupro, 1);
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
  assert.is((html.match(/false alarm/g) ?? []).length, 1);
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

  const noMask = await dataSet("no-mask");
  await rm(join(noMask, "ground_truth", "fade"), { recursive: true });
  assert.is(await codeOf(readTestSet(noMask)), "MASK_MISSING");
});

test("masks may be named like their pictures", async () => {
  const dir = await dataSet("plain-names");
  await rm(join(dir, "ground_truth", "fade"), { recursive: true });
  await mask(join(dir, "ground_truth", "fade", "000.png"));
  const images = await readTestSet(dir);
  assert.is(images.find(({ type }) => type === "fade")?.mask, join(dir, "ground_truth", "fade", "000.png"));
});

test("a report that cannot be written says so", async () => {
  const data = await dataSet("report");
  assert.is(await codeOf(evaluateBundle({ bundle, data, report: "/dev/null/report.html" })), "REPORT_UNWRITABLE");
});

test.run();
