import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as assert from "uvu/assert";
import { amendBundle } from "../../models/bundle/bundle.js";
import { evaluateBundle } from "../../models/evaluate/evaluate.js";
import { evaluationTable } from "../../models/evaluate/table.js";
import { temporaryFolder } from "../support/config.js";
import { dataSet as makeDataSet, size } from "../support/data-set.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("evaluate at the bundle's own threshold");
const root = temporaryFolder();
let bundle = "";
test.before(async () => {
  bundle = await writeTinyBundle(size);
});

const dataSet = (name: string) => makeDataSet(join(root, name));

test("what the bundle's own threshold does comes first, what hindsight would find beside it", async () => {
  const data = await dataSet("own-threshold");
  const result = await evaluateBundle({ bundle, data, threads: 1 });
  const { upper95, ...atThreshold } = result.atThreshold;
  assert.ok(Math.abs(upper95! - (1 - Math.sqrt(0.05))) < 1e-9, "none of two rejected");
  assert.equal(atThreshold, {
    ...{ threshold: 0.5, wantedRate: 0.01, found: 1, missed: 1, falseAlarms: 0, good: 2 },
    ...{ recall: 0.5, falseAlarmRate: 0, f1: 2 / 3 },
  });
  assert.equal([result.types.spot?.found, result.types.spot?.missed], [1, 0]);
  assert.equal([result.types.fade?.found, result.types.fade?.missed], [0, 1]);
  const brighter = Math.fround(60 / 255);
  assert.equal(result.hindsight, { rate: 0.01, threshold: brighter, recall: 0.5 });
  const thresholds = result.thresholds.map(({ threshold }) => threshold);
  for (const one of [0.5, brighter, result.image.threshold]) assert.ok(thresholds.includes(one), String(one));
  const lines = evaluationTable(result).split("\n");
  assert.match(lines[0]!, "threshold 0.5000, a first guess that was never calibrated: 1 of 2 defects found (50 %)");
  assert.match(lines[1]!, "hindsight would find 50 % of the defects at 0.2353, ");
  assert.match(lines.at(-1)!, /best F1 0\.8000 .*hindsight/);
});

test("the wanted rate is the one that the bundle was calibrated for, unless another is asked for", async () => {
  const data = await dataSet("wanted");
  const calibrated = await writeTinyBundle(size);
  const falseAlarmRate = { wanted: 0.02, expected: 0.02, upper95: 0.1 };
  const calibration = { rule: "test", images: 2, mean: 0.2, deviation: 0.1, max: 0.3, falseAlarmRate };
  await amendBundle(calibrated, { calibration });
  assert.is((await evaluateBundle({ bundle: calibrated, data, threads: 1 })).atThreshold.wantedRate, 0.02);
  const half = await evaluateBundle({ bundle: calibrated, data, threads: 1, falseAlarms: 0.5 });
  assert.is(half.atThreshold.wantedRate, 0.5);
  assert.equal(half.hindsight, { rate: 0.5, threshold: Math.fround(20 / 255), recall: 1 });
});

test("each picture's score and verdict are in the JSON and in the CSV, what cannot be read as unknown", async () => {
  const data = await dataSet("scores");
  await writeFile(join(data, "test", "spot", 'no, "picture".png'), "no picture");
  const scores = join(root, "scores", "all.csv");
  const { pictures } = await evaluateBundle({ bundle, data, threads: 1, scores });
  assert.equal(
    pictures.map(({ path, type, score, verdict }) => [basename(path), type, score, verdict]),
    [
      ["000.png", "fade", Math.fround(50 / 255), "ok"],
      ["000.png", "good", Math.fround(20 / 255), "ok"],
      ["001.png", "good", Math.fround(60 / 255), "ok"],
      ["000.png", "spot", Math.fround(200 / 255), "ng"],
      ['no, "picture".png', "spot", null, "unknown"],
    ],
  );
  const lines = (await readFile(scores, "utf8")).split("\n");
  assert.is(lines[0], "path,type,score,verdict");
  assert.is(lines[4], `${join(data, "test", "spot", "000.png")},spot,${Math.fround(200 / 255)},ng`);
  assert.is(lines[5], `"${join(data, "test", "spot")}/no, ""picture"".png",spot,,unknown`);
  assert.equal(lines.slice(6), [""]);
});

test("the report draws the bundle's threshold, shows missed and rejected parts first, best F1 as a fainter mark", async () => {
  const data = await dataSet("report-order");
  const strict = await writeTinyBundle({ ...size, threshold: 0.21 });
  const report = join(root, "order.html");
  await evaluateBundle({ bundle: strict, data, threads: 1, report });
  const html = await readFile(report, "utf8");
  const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
  assert.equal(headings.slice(2, -1), ["Missed: fade", "Good, but rejected", "Found: spot", "Good, and passed"]);
  assert.match(html, "the bundle's threshold 0.2100</text>");
  assert.match(html, /opacity="\.4"[^>]*>best F1 \(hindsight\)/);
  const captions = [...html.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, caption]) => caption);
  assert.equal(captions, [
    "000.png: 0.1961, missed",
    "001.png: 0.2353, false alarm",
    "000.png: 0.7843",
    "000.png: 0.07843",
  ]);
});

test.run();
