import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { designName, designsIn, designText, floorsOf } from "../../models/ablation/design.js";
import { type DesignResult, designJudgedAnew } from "../../models/ablation/design-run.js";
import { compareDesigns } from "../../models/ablation/designs.js";
import { networkOf, randomTeacher } from "../../models/ablation/random-teacher.js";
import { convnext } from "../../models/network/backbones/convnext.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { teacherParameters } from "../../models/network/parameters.js";
import { inferenceGraph } from "../../models/network/rd.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { openFeatures } from "../../models/training/features.js";
import { initialWeights } from "../../models/training/initial.js";
import { meanMaps } from "../../models/training/mean-maps.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import { oddTeacher, onnxModel } from "../support/onnx-teacher.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("designs");
const SIZE = { width: 64, height: 64 };
const USUAL = { length: { epochs: 10 }, size: 64 };
let dir = "";
let residual = "";
let convNext = "";
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-designs-test-"));
  residual = await writeSmallTeacher(dir);
  convNext = join(dir, "convnext.safetensors");
  const weights = initialWeights(teacherParameters(convnext("convnext_tiny", { channels: 4 })), createRandom(3));
  await writeFile(convNext, encodeSafetensors(weights));
});
test.after(() => rm(dir, { recursive: true, force: true }));

const noise = (seed: number): Uint8Array => {
  const random = createRandom(seed);
  return Uint8Array.from({ length: 3 * 64 * 64 }, () => random.int(256));
};

test("a ConvNeXt without a variant is the product's own; what cannot be trained is refused before anything is", async () => {
  const text = `resnet18=${residual},convnext_tiny@40=${convNext},convnext_tiny:study@600steps=${convNext},resnet18=random`;
  const designs = await designsIn(text, USUAL);
  assert.equal(designs.map(designText), [
    "RD(resnet18)",
    "RD(convnext_tiny, retort)",
    "RD(convnext_tiny, study)",
    "RD(resnet18)",
  ]);
  assert.equal(
    designs.map(({ length }) => length),
    [{ epochs: 10 }, { epochs: 40 }, { steps: 600 }, { epochs: 10 }],
  );
  assert.equal(designs[3]!.teacher, { kind: "random", width: 64 });
  for (const [wrong, code] of [
    [`resnet18:study=${residual}`, "OPTION_INVALID"],
    ["resnet18", "OPTION_INVALID"],
    [`convnext_tiny:other=${convNext}`, "OPTION_INVALID"],
    [`resnet19=${residual}`, "ARCH_UNKNOWN"],
    [`resnet18=${join(dir, "gone.safetensors")}`, "WEIGHTS_UNREADABLE"],
    [`resnet18=${convNext}`, "WEIGHTS_MISMATCH"],
    [`resnet18+magic=${residual}`, "OPTION_INVALID"],
  ] as const) {
    const error = await designsIn(wrong, USUAL).catch((thrown: unknown) => thrown);
    assert.is((error as { code?: string }).code, code, wrong);
  }
});

test("an ONNX teacher is named with its maps, and has a mean map beside it but no random twin", async () => {
  const path = join(dir, "odd.onnx");
  await writeFile(path, onnxModel(oddTeacher()));
  const designs = await designsIn(`onnx:a;bb;c=${path}`, USUAL);
  assert.equal(designs.map(designText), ["RD(onnx, a, bb, c)"]);
  assert.equal(floorsOf(designs, { epochs: 10 }).map(designText), ["mean map of onnx, a, bb, c"]);
  for (const wrong of [`onnx=${path}`, `onnx:a;bb=${path}`, "onnx:a;bb;c=random"]) {
    const error = await designsIn(wrong, USUAL).catch((thrown: unknown) => thrown);
    assert.is((error as { code?: string }).code, "OPTION_INVALID", wrong);
  }
});

test("beside the designs stand each teacher's mean map and each network's random teacher of the same width, once", async () => {
  const text = `resnet18=${residual},resnet18+rd4ad=${residual},resnet18@40=${residual},convnext_tiny:study=${convNext}`;
  const designs = await designsIn(text, USUAL);
  assert.equal(designs.map(designText).slice(0, 2), ["RD(resnet18)", "RD(resnet18), rd4ad"]);
  const floors = floorsOf(designs, { epochs: 10 });
  assert.equal(
    floors.map(designName).map((name) => name.replace(/-(teacher|convnext)-[0-9a-f]{8}$/, "-$1")),
    [
      "resnet18-mean-teacher",
      "convnext_tiny-study-mean-convnext",
      "resnet18-mean-random8",
      "convnext_tiny-study-mean-random4",
      "resnet18-e10-random8",
      "convnext_tiny-study-e10-random4",
    ],
  );
  const all = [...designs, ...floors].map(designName);
  assert.is(new Set(all).size, all.length, "no two share a file");
});

test("a random teacher's maps are as large after its last layer as after its first", async () => {
  const pixels = noise(5);
  const backbone = networkOf("resnet18", null, 8);
  const weights = await randomTeacher(backbone, 1, { pixels, size: SIZE });
  const features = await openFeatures(backbone, weights, [pixels], SIZE, { threads: 1 });
  try {
    const maps = await features.batch([0]);
    for (const name of ["f1", "f2", "f3"]) {
      const values = floatsOf(maps[name]);
      const size = Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
      assert.ok(size > 0.3 && size < 3, `${name}: ${size}`);
    }
  } finally {
    await features.close();
  }
});

test("a mean map finds nothing strange in what all good pictures show, and something in what none does", async () => {
  const backbone = resnet("resnet18", 8);
  const teacher = await randomTeacher(backbone, 1, { pixels: noise(1), size: SIZE });
  const features = await openFeatures(backbone, teacher, [noise(1), noise(1), noise(2)], SIZE, { threads: 1 });
  const same = await meanMaps(features, [0, 1]);
  const both = await meanMaps(features, [0, 2]);
  const { f1 } = await features.batch([0, 2]);
  const each = floatsOf(f1);
  assert.is(both.means[0].data.length, each.length / 2);
  assert.ok(Math.abs(both.means[0].data[7]! - (each[7]! + each[each.length / 2 + 7]!) / 2) < 1e-6);
  await features.close();
  const session = await openSession(encodeModel(inferenceGraph(backbone, { teacher, student: same }, SIZE)));
  const scoreOf = async (seed: number): Promise<number> =>
    floatsOf((await session.run({ image: new Tensor("uint8", noise(seed), [1, 64, 64, 3]) })).score)[0]!;
  assert.ok((await scoreOf(1)) < 1e-4);
  assert.ok((await scoreOf(2)) > 0.05);
  await session.close();
});

test("the table of designs is written by one command and goes on where it was cut off, with costs, floors and a plot", async () => {
  const out = join(dir, "out");
  const said: string[] = [];
  const options = {
    ...{ out, data: null, designs: `resnet18@1=${residual}` },
    ...{ sets: ["demo"], seeds: [1], pictures: [], sizes: [64], length: { epochs: 1 }, rounds: 1, threads: 1 },
    counts: { train: 6, testGood: 2, testPerType: 1 },
    say: (text: string) => void said.push(text),
  };
  const text = await compareDesigns(options);
  assert.is(said.length, 4);
  assert.is(await readFile(join(out, "designs.md"), "utf8"), text);
  const rows = text.split("\n").filter((line) => /^\| (RD|mean map)/.test(line));
  assert.is(rows.length, 8);
  const figures = String.raw`(0|1)\.\d{4}`;
  const row = String.raw`\| 1 epoch \| 1 \| alone \| ${figures} \| ${figures} \| ${figures} \| \S+ \| \S+ \| 0\.\d\d \| 0\.\d\d \| [\d.]+ \|$`;
  assert.match(rows[0]!, new RegExp(String.raw`^\| RD\(resnet18\) \| teacher ${row}`));
  assert.is(rows.filter((line) => line.includes("random weights")).length, 4);
  assert.match(await readFile(join(out, "designs.svg"), "utf8"), /^<svg .*RD\(resnet18\), teacher.*<\/svg>\n$/);

  const [first] = said;
  const result: DesignResult = JSON.parse(await readFile(join(out, `${first!.split(", ")[1]}.json`), "utf8"));
  assert.equal(designJudgedAnew(result), result, "the rule is the one it was judged by");
  said.length = 0;
  assert.is((await compareDesigns({ ...options, rounds: 0 })).split("\n").length, text.split("\n").length - 2);
  assert.equal(said, [], "nothing is trained again");
});

test.run();
