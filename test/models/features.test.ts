import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as assert from "uvu/assert";
import type { TapFigures } from "../../models/bundle/features.js";
import { CONVNEXT_NAMES, type ConvNextName, convnext } from "../../models/network/backbones/convnext.js";
import { backboneOf } from "../../models/network/backbones/index.js";
import { stageParameters, teacherParameters } from "../../models/network/parameters.js";
import { writePng } from "../../models/pictures/images.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";
import { temporaryFolder } from "../support/config.js";
import { assertNear, type Feature } from "../support/features.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { referenceMaps } from "../support/reference.js";
import { retort } from "../support/retort.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";
import { torchFile } from "../support/torch-file.js";

const test = suite("retort features");
const dir = temporaryFolder();
const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../../test/fixtures/${name}.json`, import.meta.url), "utf8"));

async function formulaPng(size: number): Promise<string> {
  const path = join(dir, `formula-${size}.png`);
  await writePng(path, formulaPicture(size), { width: size, height: size }, 3);
  return path;
}

async function written(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return path;
}

async function features(args: readonly string[]): Promise<readonly TapFigures[]> {
  const { status, stdout, stderr } = await retort(["features", "--json", ...args]);
  assert.is(status, 0, stderr);
  return (JSON.parse(stdout) as { readonly taps: readonly TapFigures[] }).taps;
}

/** Holds a tap against what PyTorch has for it, relative to 1e-3: float32 sums in another order. */
function holds(tap: TapFigures | undefined, name: string, { shape, mean, std, first, last }: Feature): void {
  assert.equal([tap?.name, tap?.shape], [name, shape]);
  const { first: begin = [], last: end = [], ...found } = tap!;
  assertNear(found.mean, mean, 1e-3 * Math.max(Math.abs(mean), 0.1 * std), `${name}: mean`);
  assertNear(found.deviation, std, 1e-3 * std, `${name}: deviation`);
  assert.is(begin.length + end.length, 8);
  for (const [index, value] of [...first, ...last].entries()) {
    assertNear([...begin, ...end][index]!, value, 1e-3 * Math.max(Math.abs(value), std), `${name}: value ${index}`);
  }
}

test("of ResNet-18 the maps are PyTorch's, from .pth as from .safetensors", async () => {
  const { size, teacher } = (await read("resnet18-256")) as { size: number; teacher: readonly Feature[] };
  const weights = formulaWeights(teacherParameters(backboneOf("resnet18")), "teacher.");
  const picture = await formulaPng(size);
  const path = await written("resnet18.pth", torchFile(weights));
  const taps = await features(["--arch", "resnet18", "--teacher", path, "--picture", picture]);
  assert.is(taps.length, 3);
  teacher.forEach((feature, index) => void holds(taps[index], `layer${index + 1}`, feature));
});

for (const [name, taps] of [
  ["resnet18-256", ["layer1", "layer2", "layer3"]],
  ["convnext_tiny-256", ["stage1", "stage2", "stage3", "stage4"]],
] as const) {
  test(`${name}: at full width every map is what PyTorch has, the fourth stage's too`, async () => {
    const reference = await referenceMaps(name);
    if (reference === null) return;
    const { arch, size, imageCrc32, maps } = reference;
    assert.is(crc32(formulaPicture(size)), imageCrc32);
    const tiny = CONVNEXT_NAMES.find((each) => each === arch);
    const specs = tiny === undefined ? teacherParameters(backboneOf(arch)) : stageParameters(convnext(tiny), 4);
    const path = await written(`${name}.safetensors`, encodeSafetensors(formulaWeights(specs, "teacher.")));
    const args = ["--arch", arch, "--teacher", path, "--picture", await formulaPng(size), "--size", `${size}`];
    const found = await features([...args, ...(tiny === undefined ? [] : ["--taps", "raw"])]);
    assert.is(found.length, taps.length);
    taps.forEach((tap, index) => void holds(found[index], tap, maps[index]!));
  });
}

test("of a ConvNeXt the raw maps and those after the norm are torchvision's, each kind alone or both", async () => {
  interface Reference {
    readonly arch: ConvNextName;
    readonly channels: number;
    readonly size: number;
    readonly raw: readonly Feature[];
    readonly normed: readonly Feature[];
  }
  const [{ arch, channels, size, raw, normed }] = (await read("convnext-narrow")) as readonly [Reference];
  const weights: Weights = formulaWeights(stageParameters(convnext(arch, { channels }), 4), "teacher.");
  const path = await written(`${arch}.safetensors`, encodeSafetensors(weights));
  const args = ["--arch", arch, "--teacher", path, "--picture", await formulaPng(size), "--size", `${size}`];
  const both = await features(args);
  raw.forEach((feature, index) => void holds(both[index], `stage${index + 1}`, feature));
  normed.forEach((feature, index) => void holds(both[index + 4], `stage${index + 1}_norm`, feature));
  assert.is(both.length, 7);
  assert.equal(await features([...args, "--taps", "normed"]), both.slice(4));
  const without = new Map([...weights].filter(([name]) => !/^features\.[67]\./.test(name)));
  await writeFile(path, encodeSafetensors(without));
  assert.equal(await features([...args, "--taps", "raw"]), both.slice(0, 3));
});

test("of a ConvNeXt's fourth stage the file has all or nothing: a tensor that is missing is named", async () => {
  const weights = new Map(formulaWeights(stageParameters(convnext("convnext_atto", { channels: 2 }), 4), ""));
  weights.delete("features.7.1.layer_scale");
  const path = await written("atto.safetensors", encodeSafetensors(weights));
  const args = ["features", "--arch", "convnext_atto", "--teacher", path, "--picture", await formulaPng(64)];
  const { status, stderr } = await retort([...args, "--size", "64"]);
  assert.is(status, 2);
  assert.match(stderr, "features.7.1.layer_scale [16, 1, 1] is missing");
});

test("without --json each map is said in words; a wrong option or picture ends with status 2 and what is wrong", async () => {
  const args = ["features", "--arch", "resnet18", "--teacher", await writeSmallTeacher(dir), "--size", "64"];
  const shown = await retort([...args, "--picture", await formulaPng(64)]);
  assert.match(shown.stdout, "layer3 [1, 32, 4, 4]");
  const missing = await retort([...args, "--picture", join(dir, "none.png")]);
  assert.is(missing.status, 2);
  assert.match(missing.stderr, "IMAGE_UNREADABLE");
  const taps = await retort([...args, "--picture", await formulaPng(64), "--taps", "raw"]);
  assert.match(taps.stderr, "OPTION_INVALID");
});

test.run();
