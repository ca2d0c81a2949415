import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { amendBundle, readBundle } from "../../models/bundle/bundle.js";
import { exportBundle } from "../../models/bundle/export.js";
import type { BundleCost } from "../../models/bundle/speed.js";
import { Graph, type Value } from "../../models/graph/graph.js";
import type { NetworkChoice } from "../../models/network/backbones/backbone.js";
import { convnext } from "../../models/network/backbones/convnext.js";
import { FoldedLayers } from "../../models/network/layers/folded-layers.js";
import { TrainedLayers } from "../../models/network/layers/trained-layers.js";
import { loadTeacher } from "../../models/network/load.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { listImages } from "../../models/pictures/folder.js";
import { readRgb } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { type TrainOptions, type TrainResult, trainStudent } from "../../models/training/train.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";
import { temporaryFolder } from "../support/config.js";
import { formulaWeights } from "../support/formula.js";
import { retort } from "../support/retort.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("training for a ConvNeXt");
const dir = temporaryFolder();
const CHANNELS = 8;
const PICTURES = 12;
const VARIANTS = [
  { variant: "study", taps: "raw", edges: "zeros" },
  { variant: "retort", taps: "normed", edges: "mirrored" },
] as const;
let normal = "";
let teacher = "";
const lessonOf = (): Omit<TrainOptions, "out"> => ({
  ...{ normal, teacher, arch: "convnext_tiny", epochs: 2, size: 64, batch: 4, seed: 5, threads: 1 },
});

test.before(async () => {
  normal = await writeGoodPictures(dir, PICTURES);
  // With all that a published file has, the layers behind the maps too.
  teacher = await written("teacher", wholeTeacher());
});

/** The tensors of a published file: both kinds of maps', and some of the last stage's and the classifier's. */
function wholeTeacher(): Weights {
  const backbone = convnext("convnext_tiny", { channels: CHANNELS });
  const behind = ["features.6.1.weight", "features.7.0.layer_scale", "classifier.2.bias"];
  const idle = behind.map((name) => [name, { shape: [1], data: new Float32Array(1) }] as const);
  return new Map([...formulaWeights(teacherParameters(backbone), "teacher."), ...idle]);
}

async function written(name: string, weights: Weights): Promise<string> {
  const path = join(dir, `${name}.safetensors`);
  await writeFile(path, encodeSafetensors(weights));
  return path;
}

async function refusal(work: Promise<unknown>): Promise<CodedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** The scores of a good picture, and of one with a hole. */
async function scoresOf(bundle: string): Promise<readonly [good: number, bad: number]> {
  const { manifest, modelPath } = await readBundle(bundle);
  const session = await openSession(await readModel(modelPath, manifest), { threads: 1 });
  const [first] = await listImages(normal);
  const good = await readRgb(first!, { width: 64, height: 64 });
  const bad = good.slice();
  for (let y = 20; y < 44; y += 1) bad.fill(0, 3 * (64 * y + 20), 3 * (64 * y + 44));
  const pixels = new Uint8Array([...good, ...bad]);
  const { score, map } = await session.run({ image: new Tensor("uint8", pixels, [2, 64, 64, 3]) });
  await session.close();
  assert.equal(map?.dims, [2, 64, 64]);
  const [ofGood, ofBad] = floatsOf(score);
  return [ofGood!, ofBad!];
}

/** What a training must have left: a bundle whose memory and student together see a hole in a part. */
async function assertTrained(
  { bundle, losses, threshold, memory }: TrainResult,
  network: NetworkChoice,
): Promise<void> {
  assert.ok(losses.at(-1)! < 0.95 * losses[0]!, `losses ${losses.join(", ")}`);
  assert.is(memory?.pictures, PICTURES);
  const { manifest } = await readBundle(bundle);
  assert.equal([manifest.arch, manifest.network], ["convnext_tiny", network]);
  const [good, bad] = await scoresOf(bundle);
  assert.ok(good <= threshold && threshold < bad, `${good}, ${threshold}, ${bad}`);
}

test("study, by the command: the loss falls, and the bundle, a memory in it, runs and sees a hole in a part", async () => {
  const { epochs, size, batch, seed, threads, arch } = lessonOf();
  const numbers = Object.entries({ epochs, size, batch, seed, threads });
  const ran = await retort([
    ...["train", "--arch", arch, "--variant", "study", "--teacher", teacher, "--normal", normal, "--json"],
    ...["--out", join(dir, "study"), ...numbers.flatMap(([name, value]) => [`--${name}`, String(value)])],
  ]);
  assert.is(ran.status, 0, ran.stderr);
  await assertTrained(JSON.parse(ran.stdout) as TrainResult, { variant: "study", taps: "raw", edges: "zeros" });
  const { cost } = JSON.parse(ran.stdout) as { readonly cost: BundleCost };
  assert.ok(cost.framesPerSecond > 0 && cost.gflop! > 0 && cost.parameters > 1_000, "what it costs is told");
});

test("retort, which is what no variant means: the same", async () => {
  const result = await trainStudent({ ...lessonOf(), out: join(dir, "retort") });
  await assertTrained(result, { variant: "retort", taps: "normed", edges: "mirrored" });
});

test("a ResNet has no variants, and a ConvNeXt no others", async () => {
  const resnet = ["--arch", "resnet18", "--teacher", teacher, "--out", join(dir, "none")];
  const { status, stderr } = await retort(["train", "--normal", normal, "--variant", "study", ...resnet]);
  assert.is(status, 2);
  assert.match(stderr, /OPTION_INVALID.*--variant is study, and resnet18 has no variants/);
  assert.is((await retort(["train", "--normal", normal, "--variant", "other", ...resnet])).status, 2);
});

test("retort's student restores negative values: a linear layer, the same in training and frozen, ends each map", async () => {
  const specs = [
    { name: "head.weight", shape: [5, 3, 1, 1] },
    { name: "head.bias", shape: [5] },
  ];
  const weights = formulaWeights(specs, "");
  const x = Float32Array.from({ length: 3 * 4 }, (_, at) => Math.sin(at));
  const maps = async (build: (g: Graph) => Value, shape: readonly number[], feeds: Feeds) => {
    const g = new Graph("head");
    const y = build(g);
    g.output(g.node("Identity", [y], y.shape, { name: "y" }));
    const session = await openSession(encodeModel(g), { threads: 1 });
    const found = await session.run({ ...feeds, x: floats(x, shape) });
    await session.close();
    return [...floatsOf(found.y)].map((value) => Number(value.toFixed(5)));
  };
  const parameters = Object.fromEntries([...weights].map(([name, { data, shape }]) => [name, floats(data, shape)]));
  const frozen = await maps(
    (g) => new FoldedLayers(g, weights).linear(g.input("x", "float32", ["N", 3, 2, 2]), "head", 5),
    [1, 3, 2, 2],
    {},
  );
  const trained = await maps(
    (g) => new TrainedLayers(g, { momentum: 0.1 }).linear(g.input("x", "float32", [1, 3, "N", 2, 2]), "head", 5),
    [1, 3, 1, 2, 2],
    parameters,
  );
  assert.equal(trained, frozen);
  assert.ok(frozen.some((value) => value < 0));
  const names = new Set(studentParameters(convnext("convnext_tiny", { channels: CHANNELS })).map(({ name }) => name));
  for (const head of [1, 2, 3]) assert.ok(names.has(`decoder.head${head}.bias`));
});

test("export makes a bundle of either variant from its tensors, and of nothing else", async () => {
  const students = new Map<string, string>();
  for (const { variant } of VARIANTS) {
    const backbone = convnext("convnext_tiny", { channels: CHANNELS, variant });
    students.set(variant, await written(variant, initialWeights(studentParameters(backbone), createRandom(2))));
  }
  const options = { arch: "convnext_tiny", teacher, size: 64 };
  for (const { variant, taps, edges } of VARIANTS) {
    const out = join(dir, `exported-${variant}`);
    await exportBundle({ ...options, variant, student: students.get(variant)!, out });
    assert.equal((await readBundle(out)).manifest.network, { variant, taps, edges });
    assert.ok((await scoresOf(out)).every((score) => score > 0 && score < 6));
  }
  const wrong = exportBundle({ ...options, variant: "study", student: students.get("retort")!, out: join(dir, "x") });
  assert.is((await refusal(wrong)).code, "WEIGHTS_MISMATCH");
});

for (const { variant, taps, edges } of VARIANTS) {
  test(`${variant}: what export makes of a training's checkpoint is the training's own model, to the last bit`, async () => {
    const arch = "convnext_atto";
    const backbone = convnext(arch, { channels: CHANNELS, variant });
    const atto = await written(`atto-${variant}`, formulaWeights(teacherParameters(backbone), "teacher."));
    const [out, again] = [join(dir, `atto-${variant}`), join(dir, `atto-${variant}-again`)];
    // The student alone: a checkpoint has no memory.
    const alone = { arch, variant, teacher: atto, epochs: 1, memory: 0, keepCheckpoint: true, out };
    const trained = await trainStudent({ ...lessonOf(), ...alone });
    const student = `${out}.checkpoint.safetensors`;
    const exported = await exportBundle({ arch, variant, teacher: atto, student, size: 64, out: again });
    assert.equal([exported.manifest.arch, exported.manifest.network], [arch, { variant, taps, edges }]);
    assert.is(exported.manifest.sha256, trained.sha256);
    assert.equal(await scoresOf(again), await scoresOf(out));
  });
}

test("a file that is no such ConvNeXt's is refused by the tensors that do not fit", async () => {
  const deeper = await refusal(loadTeacher(teacher, "convnext_small"));
  assert.is(deeper.code, "WEIGHTS_MISMATCH");
  assert.match(deeper.message, /features\.5\.9\.block\.0\.weight \[32, 1, 7, 7\] is missing/);
  const other = await refusal(loadTeacher(await writeSmallTeacher(dir), "convnext_tiny"));
  assert.is(other.code, "WEIGHTS_MISMATCH");
  assert.match(other.message, "and 2");
  assert.ok(other.message.length < 3_000, `${other.message.length} characters`);
});

test("model.json of a bundle from before variants is read, one with an unknown variant is not", async () => {
  const out = join(dir, "retort");
  const { manifest } = await readBundle(out);
  const { network, ...before } = manifest;
  assert.equal(network, { variant: "retort", taps: "normed", edges: "mirrored" });
  await writeFile(join(out, "model.json"), JSON.stringify(before));
  assert.is((await readBundle(out)).manifest.network, undefined);
  await amendBundle(out, { network: { variant: "study", taps: "raw", edges: "zeros" } });
  const text = await readFile(join(out, "model.json"), "utf8");
  await writeFile(join(out, "model.json"), text.replace('"study"', '"other"'));
  assert.is((await refusal(readBundle(out))).code, "BUNDLE_INVALID");
});

test.run();
