import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import type { Graph } from "../../models/graph/graph.js";
import { negative } from "../../models/graph/ops.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { teacherParameters } from "../../models/network/parameters.js";
import { teacherGraph } from "../../models/network/rd.js";
import { createRandom } from "../../models/random.js";
import { BEGINNING, checkpointOf, writeCheckpoint } from "../../models/training/checkpoint.js";
import { initialWeights } from "../../models/training/initial.js";
import { RECIPE, recipeDigest, type TrainingIdentity } from "../../models/training/recipe.js";
import { stepGraph } from "../../models/training/step.js";
import { suite } from "../support/suite.js";

const backbone = resnet("resnet18", 2);
const size = { width: 64, height: 64 };
const teacherOf = (seed: number) =>
  teacherGraph(backbone, initialWeights(teacherParameters(backbone), createRandom(seed)), size);
const identity: TrainingIdentity = {
  teacher: teacherOf(1),
  step: stepGraph(backbone, size),
  batch: 4,
  seed: 5,
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

test("nor where the training step is another graph: a loss, a derivative or the optimiser was changed", () => {
  for (const change of [
    (g: Graph) => g.output(negative(g, g.outputs[0]!)),
    (g: Graph) => g.output(g.outputs[1]!),
    (g: Graph) => g.scalar(0.25),
  ]) {
    const step = stepGraph(backbone, size);
    change(step);
    assert.is.not(recipeDigest({ ...identity, step }), recipeDigest(identity));
  }
});

test("nor with another teacher, architecture, size, batch, seed, or other pictures", () => {
  const others: Partial<TrainingIdentity>[] = [
    { teacher: teacherOf(2) },
    { step: stepGraph(resnet("resnet34", 2), size) },
    { step: stepGraph(backbone, { width: 96, height: 96 }) },
    { step: stepGraph(backbone, size, "rd4ad") },
    { batch: 5 },
    { seed: 6 },
    { pixels: [...identity.pixels].reverse() },
    { pixels: identity.pixels.slice(0, 1) },
  ];
  const all = [identity, ...others.map((other) => ({ ...identity, ...other }))];
  assert.is(new Set(all.map((each) => recipeDigest(each))).size, all.length);
});

test("the same training has the same identity each time its graphs are built", () => {
  const again = { ...identity, teacher: teacherOf(1), step: stepGraph(backbone, size) };
  assert.is(recipeDigest(again), recipeDigest(identity));
});

test("a checkpoint is kept beside a bundle whose folder there is not yet, nor the one above", async () => {
  const path = join(dir, "bundles", "line 7", "plate.checkpoint.safetensors");
  const state = { step: 1, tensors: new Map([["w", { shape: [1], data: Float32Array.of(2) }]]) };
  await writeCheckpoint(path, { recipe: recipeDigest(identity), progress: BEGINNING, state });
  assert.equal((await checkpointOf(path, recipeDigest(identity)))?.progress, BEGINNING);
});

test.run();
