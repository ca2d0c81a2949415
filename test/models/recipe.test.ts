import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { checkpointOf, writeCheckpoint } from "../../models/training/checkpoint.js";
import { RECIPE, recipeDigest, type TrainingIdentity } from "../../models/training/recipe.js";
import { stepGraph } from "../../models/training/step.js";
import { suite } from "../support/suite.js";

const backbone = resnet("resnet18", 2);
const identity: TrainingIdentity = {
  arch: backbone.name,
  teacher: "00".repeat(32),
  size: 64,
  batch: 4,
  seed: 5,
  step: encodeModel(stepGraph(backbone, { width: 64, height: 64 })),
  pixels: [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)],
};

interface Change {
  readonly path: string;
  readonly recipe: object;
}

/** Every number of a recipe, changed alone. */
function changed(recipe: object): Change[] {
  return Object.entries(recipe).flatMap(([name, value]: [string, unknown]): Change[] => {
    if (typeof value !== "object" || value === null) {
      return [{ path: name, recipe: { ...recipe, [name]: Number(value) * 1.01 } }];
    }
    return changed(value).map((inner) => ({
      path: `${name}.${inner.path}`,
      recipe: { ...recipe, [name]: inner.recipe },
    }));
  });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "accepted",
    (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
  );
}

const test = suite("the training's recipe");
let dir = "";
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-recipe-"));
});
test.after(() => rm(dir, { recursive: true, force: true }));

test("a checkpoint is not resumed by a training whose optimiser, mathematics or version differ", async () => {
  const path = join(dir, "a.checkpoint.safetensors");
  const progress = { epoch: 1, batch: 0, losses: [0.5], epochLosses: [] };
  await writeCheckpoint(path, {
    recipe: recipeDigest(identity),
    progress,
    state: { step: 3, tensors: new Map([["w", { shape: [1], data: Float32Array.of(2) }]]) },
  });
  assert.equal((await checkpointOf(path, recipeDigest(identity)))?.progress, progress);
  const changes = changed(RECIPE);
  assert.ok(changes.some(({ path: name }) => name === "version"));
  assert.ok(changes.some(({ path: name }) => name === "adam.beta1"));
  for (const { path: name, recipe } of changes) {
    assert.is(await refusal(checkpointOf(path, recipeDigest(identity, recipe))), "CHECKPOINT_MISMATCH", name);
  }
});

test("nor where the training step is another graph: a loss or a derivative was changed", () => {
  const step = Uint8Array.from(identity.step);
  step[step.length >> 1]! ^= 1;
  assert.is.not(recipeDigest({ ...identity, step }), recipeDigest(identity));
});

test("nor with another teacher, size, batch, seed, or other pictures", () => {
  const others: Partial<TrainingIdentity>[] = [
    { arch: "resnet34" },
    { teacher: "11".repeat(32) },
    { size: 96 },
    { batch: 5 },
    { seed: 6 },
    { pixels: [...identity.pixels].reverse() },
    { pixels: identity.pixels.slice(0, 1) },
  ];
  const digests = new Set(
    [identity, ...others.map((other) => ({ ...identity, ...other }))].map((each) => recipeDigest(each)),
  );
  assert.is(digests.size, others.length + 1);
});

test("the training step is the same graph each time it is built", () => {
  assert.equal(encodeModel(stepGraph(backbone, { width: 64, height: 64 })), identity.step);
});

test.run();
