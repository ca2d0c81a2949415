import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { detectionPlan, nameOf, type Run } from "../../models/ablation/plan.js";
import { judgedAnew, runOnce } from "../../models/ablation/run.js";
import { tables } from "../../models/ablation/table.js";
import { createDemoLine, writeDemoDataset } from "../../models/demo-line/index.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("ablation");
let dir = "";
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-ablation-test-"));
});
test.after(() => rm(dir, { recursive: true, force: true }));

test("no two trainings of a plan share a file, and each set has its main row before any has a second", () => {
  const plan = detectionPlan({
    ...{ sets: ["a", "b"], seeds: [1, 2], planted: [0.02, 0.05], pictures: [10, 20], sizes: [128] },
  });
  assert.is(new Set(plan.map(nameOf)).size, plan.length);
  assert.is(plan.length, 22);
  assert.equal(plan.slice(0, 2).map(nameOf), ["a-all-p0-256px-seed1", "b-all-p0-256px-seed1"]);
});

test("planted defects are learned from and not tested on; student, memory and both are judged on the same pictures", async () => {
  const size = { width: 64, height: 64 };
  const set = { line: createDemoLine(), seed: 3, size, train: 12, testGood: 4, testPerType: 2 };
  await writeDemoDataset({ dir: join(dir, "demo"), ...set });
  const before = (await readdir(dir, { recursive: true })).length;
  const run: Run = { set: "demo", seed: 1, size: 64, pictures: 8, planted: 0.25 };
  const teacher = await writeSmallTeacher(dir);
  const result = await runOnce(run, { data: dir, arch: "resnet18", teacher, epochs: 1, threads: 1 });
  assert.equal([result.images, result.planted], [10, 2]);
  assert.ok(result.suspiciousPlanted <= result.suspicious);
  for (const { imageAuroc, recall, rejected } of [result.student, result.memory, result.both]) {
    for (const share of [imageAuroc, recall, rejected]) assert.ok(share! >= 0 && share! <= 1);
  }
  assert.not.equal(result.student.imageAuroc, result.memory.imageAuroc);
  assert.equal(judgedAnew(result), result, "the rule is the one it was judged by");
  assert.is((await readdir(dir, { recursive: true })).length, before + 1, "the teacher alone");

  const [found] = tables([result, { ...result, run: { ...run, seed: 2 } }])
    .split("\n")
    .filter((line) => line.includes("| demo | 1, 2 |"));
  assert.match(found!, /^\| 8 good ones, 25 % defects planted, 64 px \| demo \| 1, 2 \| [\d.]+ \([\d.]+ to [\d.]+\)/);
});

test.run();
