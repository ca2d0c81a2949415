import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as assert from "uvu/assert";
import { depthwise } from "../../models/graph/depthwise.js";
import { Graph, type Value } from "../../models/graph/graph.js";
import { VARIANTS } from "../../models/network/backbones/backbone.js";
import { CONVNEXT_NAMES, type ConvNext, type ConvNextName, convnext } from "../../models/network/backbones/convnext.js";
import { FoldedLayers } from "../../models/network/layers/folded-layers.js";
import { loadTeacher } from "../../models/network/load.js";
import { stageParameters, teacherParameters } from "../../models/network/parameters.js";
import { imageInput, teacherGraph } from "../../models/network/rd.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floats, floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { convNextOfTimm } from "../../models/weights/importers/timm.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import type { Weights, WeightTensor } from "../../models/weights/weights.js";
import { backboneContract } from "../contracts/backbone.js";
import { temporaryFolder } from "../support/config.js";
import { assertFeature, type Feature } from "../support/features.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { suite } from "../support/suite.js";

/**
 * Outputs of torchvision 0.28's ConvNeXt class in PyTorch 2.13 (eval mode) for formula weights and the formula picture, with fewer channels
 * than the published networks have: what stages yield, and what the LayerNorm of the next stage's downsampling makes of it.
 */
interface Reference {
  readonly arch: ConvNextName;
  readonly channels: number;
  readonly size: number;
  readonly imageCrc32: number;
  readonly raw: readonly Feature[];
  readonly normed: readonly Feature[];
}

const fixture = new URL("../../../test/fixtures/convnext-narrow.json", import.meta.url);
const references = JSON.parse(await readFile(fixture, "utf8")) as readonly Reference[];

const declared = (backbone: ConvNext) => stageParameters(backbone, 4);

async function outputs(size: number, build: (g: Graph, image: Value) => readonly Value[]) {
  const g = new Graph("stages");
  build(g, imageInput(g, { width: size, height: size })).forEach((value, index) => {
    g.output(g.node("Identity", [value], value.shape, { name: `f${index}` }));
  });
  const session = await openSession(encodeModel(g), { threads: 1 });
  const found = await session.run({ image: new Tensor("uint8", formulaPicture(size), [1, size, size, 3]) });
  await session.close();
  return g.outputs.map(({ name }) => found[name]!);
}

const stagesOf = (backbone: ConvNext, weights: Weights, size: number, count: 3 | 4) =>
  outputs(size, (g, image) => backbone.stages(new FoldedLayers(g, weights), image, count));

const test = suite("ConvNeXt");

for (const { arch, channels, size, imageCrc32, ...expected } of references) {
  test(`${arch}, narrow: its stages and their taps after the norm are torchvision's`, async () => {
    assert.is(crc32(formulaPicture(size)), imageCrc32);
    const raw = convnext(arch, { channels, taps: "raw", edges: "zeros" });
    const weights = formulaWeights(declared(raw), "teacher.");
    const stages = await stagesOf(raw, weights, size, 4);
    expected.raw.forEach((feature, index) => void assertFeature(stages[index], feature, `stage ${index + 1}`));
    const normed = await stagesOf(convnext(arch, { channels, taps: "normed", edges: "zeros" }), weights, size, 4);
    expected.normed.forEach((feature, index) => void assertFeature(normed[index], feature, `tap ${index + 1}`));
    assertFeature(normed[3], expected.raw[3]!, "stage 4 behind taps after the norm");
  });
}

test("of a plain map a depthwise convolution makes a plain map to the very edge where edges are mirrored, and not where zeros lie beyond", async () => {
  const side = 12;
  const plain = async (isMirrored: boolean) => {
    const g = new Graph("plain");
    const weight = g.constant(
      Float32Array.from({ length: 2 * 49 }, (_, at) => Math.cos(at)),
      [2, 1, 7, 7],
    );
    const bias = g.constant(Float32Array.of(1, -1), [2]);
    const x = g.input("x", "float32", ["N", 2, side, side]);
    const y = depthwise(g, x, { weight, bias, isMirrored });
    g.output(g.node("Identity", [y], y.shape, { name: "y" }));
    const session = await openSession(encodeModel(g), { threads: 1 });
    const { y: found } = await session.run({
      x: floats(new Float32Array(2 * side * side).fill(3), [1, 2, side, side]),
    });
    await session.close();
    const { dims, data } = { dims: found!.dims, data: floatsOf(found) };
    assert.equal(dims, [1, 2, side, side]);
    const first = data.subarray(0, side * side);
    return Math.max(...first) - Math.min(...first);
  };
  assert.ok((await plain(true)) < 1e-4);
  assert.ok((await plain(false)) > 0.1);
  assert.equal(convnext("convnext_tiny").network, { variant: "retort", taps: "normed", edges: "mirrored" });
  assert.equal(convnext("convnext_tiny", { variant: "study" }).network, {
    variant: "study",
    taps: "raw",
    edges: "zeros",
  });
});

test("the tensors of every ConvNeXt are torchvision's, as many as a stage deep", () => {
  const shapes = (name: ConvNextName) => new Map(declared(convnext(name)).map((each) => [each.name, each.shape]));
  const base = shapes("convnext_base");
  assert.equal(base.get("features.0.0.weight"), [128, 3, 4, 4]);
  assert.equal(base.get("features.5.26.block.0.weight"), [512, 1, 7, 7]);
  assert.equal(base.get("features.5.26.layer_scale"), [512, 1, 1]);
  assert.equal(base.get("features.6.1.weight"), [1024, 512, 2, 2]);
  assert.equal(base.get("features.7.2.block.5.weight"), [1024, 4096]);
  assert.is(base.has("features.5.27.block.0.weight"), false);
  assert.equal(shapes("convnext_tiny").get("features.5.8.block.3.weight"), [1536, 384]);
  assert.equal(shapes("convnext_large").get("features.1.0.block.3.bias"), [768]);
  assert.equal(shapes("convnext_small").get("features.3.2.block.2.weight"), [192]);
});

test("taps after the norm take the last stage's norm from the file, raw ones leave it out", () => {
  for (const [taps, wanted] of [
    ["raw", false],
    ["normed", true],
  ] as const) {
    const backbone = convnext("convnext_tiny", { channels: 4, taps });
    const names = new Set(teacherParameters(backbone).map(({ name }) => name));
    const whole = [...declared(backbone).map(({ name }) => name), "classifier.0.weight", "classifier.2.bias"];
    const used = new Set(whole.filter((name) => !backbone.unused(name)));
    assert.is(names.has("features.6.0.weight"), wanted);
    assert.equal([...used].sort(), [...names].sort());
  }
});

test("in a frozen one no layer scale and, but for the stem's, no LayerNorm keeps weights of its own", () => {
  const backbone = convnext("convnext_tiny", { channels: 4, taps: "raw" });
  const g = teacherGraph(backbone, formulaWeights(teacherParameters(backbone), ""), { width: 64, height: 64 });
  const used = new Set(g.flatNodes().flatMap(({ inputs }) => inputs.map(({ name }) => name)));
  const kept = [...g.constants.keys()].filter((name) => /^features.*(weight|scale)$/.test(name) && used.has(name));
  const convolutions = g.flatNodes().filter(({ op }) => op === "Conv");
  assert.is(kept.length, convolutions.length + 1);
  assert.is(kept.includes("features.0.1.weight"), true);
});

test("timm's names and layer scales are understood: the same maps come out", async () => {
  const backbone = convnext("convnext_tiny", { channels: 4 });
  const weights = formulaWeights(declared(backbone), "");
  const timm = new Map([...weights].map(([name, tensor]) => timmTensor(name, tensor)));
  assert.ok(timm.has("stages.2.blocks.8.mlp.fc2.weight") && timm.has("stages.3.downsample.1.bias"));
  timm.set("head.norm.weight", { shape: [32], data: new Float32Array(32) });
  const own = new Map(convNextOfTimm(timm));
  assert.is(own.delete("classifier.0.weight"), true);
  assert.equal(own, weights);
  const path = join(temporaryFolder(), "timm.safetensors");
  await writeFile(path, encodeSafetensors(timm));
  for (const variant of VARIANTS) {
    const loaded = await loadTeacher(path, "convnext_tiny", variant);
    const wanted = teacherParameters(convnext("convnext_tiny", { channels: 4, variant })).map(({ name }) => name);
    assert.equal(loaded.weights, new Map([...weights].filter(([name]) => wanted.includes(name))));
  }
});

test("a tensor that belongs to no ConvNeXt keeps its name, so that it is refused by it", () => {
  const stray = new Map([["stages.7.blocks.0.gamma", { shape: [1], data: new Float32Array(1) }]]);
  assert.equal([...convNextOfTimm(stray)], [...stray]);
});

/** A tensor as timm names it. */
function timmTensor(name: string, tensor: WeightTensor): readonly [string, WeightTensor] {
  const [, group, ...rest] = name.split(".");
  const stage = Math.floor((Number(group) - 1) / 2);
  const parts: Readonly<Record<string, string>> = {
    "block.0": "conv_dw",
    "block.2": "norm",
    "block.3": "mlp.fc1",
    "block.5": "mlp.fc2",
  };
  if (group === "0") return [`stem.${rest.join(".")}`, tensor];
  if (Number(group) % 2 === 0) return [`stages.${Number(group) / 2}.downsample.${rest.join(".")}`, tensor];
  const [block, ...part] = rest;
  if (part[0] === "layer_scale")
    return [`stages.${stage}.blocks.${block}.gamma`, { ...tensor, shape: [tensor.shape[0]!] }];
  return [`stages.${stage}.blocks.${block}.${parts[part.slice(0, 2).join(".")]}.${part[2]}`, tensor];
}

test.run();

for (const name of CONVNEXT_NAMES) backboneContract(convnext(name, { channels: 4 }));
backboneContract(convnext("convnext_tiny", { channels: 4, variant: "study" }));
