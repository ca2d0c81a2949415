import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { modelLines } from "../../agent/cli/model-lines.js";
import { packageRoot } from "../../config/package-root.js";
import { readBundle } from "../../models/bundle/bundle.js";
import type { Manifest } from "../../models/bundle/manifest.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("model");
const HASH = "0123456789abcdef".repeat(4);

const manifest: Manifest = {
  ...{ name: "plate", version: "7", arch: "convnext_tiny", created: "2026-01-02T03:04:05.000Z", sha256: HASH },
  network: { variant: "retort", taps: "normed", edges: "mirrored" },
  input: { width: 512, height: 256, batch: 1 },
  threshold: 0.5,
  calibration: {
    ...{ rule: "robust", images: 240, heldOut: 40, mean: 0.2, deviation: 0.05, max: 0.41 },
    falseAlarmRate: { wanted: 0.01, expected: 0.008, upper95: 0.02 },
  },
  training: {
    ...{ images: 200, heldOut: 40, skipped: 3, suspicious: 2, epochs: 10, batch: 16, seed: 5, loss: 0.04 },
    ...{ objective: "rd4ad", teacher: HASH },
  },
  memory: { pictures: 64, channels: 32, weight: 0.5, scale: 2 },
  precision: "int8",
  lowered: {
    ...{ from: HASH, layers: 40, float: ["head"], images: 60, mapError: 0.031 },
    threshold: { before: 0.49, shift: 0.01, same: 59 },
    lost: { image: 0.001, pixel: null, aupro: 0.02 },
  },
};
const cost = { parameters: 5_000_000, gflop: 2.5, bytes: 20_000_000 };

test("model: how a bundle was trained and calibrated, on what, what it costs, and how large its pictures are, in words", () => {
  const text = modelLines(manifest, cost).join("\n");
  for (const said of [
    "plate 7 (sha256 0123456789ab), made 2026-01-02",
    "convnext_tiny, student retort, on normed maps; beyond their edges the map mirrored",
    "512 x 256 pixels, at most 1 at a time",
    "200 good pictures, and 40 kept apart",
    "3 left out",
    "2 of them looked wrong",
    "10 epochs of batch 16, seed 5; loss of the last 0.04, rd4ad",
    "64 good pictures, 32 numbers a place; 50 % of the map",
    "0.5, set on 240 good pictures, 40 of them new to the model",
    "of 1,000 good parts expect 8 to be rejected",
    "int8: 39 of 40 layers; the map differs by 3.1 % on 60 good pictures",
    "left float32: head",
    "59 of 60 are judged as before",
    "lost: image AUROC 0.1 points, pixel AUROC -, AUPRO 2 points",
    "5.0 million parameters, 2.50 GFLOP a picture, 20.0 MB",
  ])
    assert.ok(text.includes(said), `${said}\nin\n${text}`);
});

test("model: a guessed threshold, an imported model with what was assumed of it, and a network of somebody's own are told as such", () => {
  const { lowered: _, memory: __, ...rest } = manifest;
  const imported = {
    ...{ from: HASH, producer: "pytorch", assumed: ["pixels of 0..1"] },
    input: { name: "x", layout: "NCHW" as const, mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1] },
    outputs: { score: null, map: "anomaly_map" },
  };
  const preprocessing = { mean: [1, 2, 3], deviation: [4, 5, 6], scale: 1, order: "bgr" } as const;
  const own = {
    ...rest,
    calibration: null,
    training: null,
    imported,
    network: { taps: ["a", "b", "c"], preprocessing },
  } as const;
  const text = modelLines(own, null).join("\n");
  for (const said of [
    "its maps a, b, c",
    "(byte * 1 - [1, 2, 3]) / [4, 5, 6], blue first",
    "none here: somebody else's model",
    "0.5, a guess: retort calibrate sets it",
    "written by pytorch",
    "score: the map's maximum; map: anomaly_map",
    "assumed: pixels of 0..1",
    "not known",
  ])
    assert.ok(text.includes(said), `${said}\nin\n${text}`);
});

test("model: the shipped model, in words and as JSON: all of model.json with its cost", async () => {
  const demo = join(packageRoot(), "models/demo");
  const [words, json] = await Promise.all([retort(["model", demo]), retort(["model", demo, "--json"])]);
  assert.equal([words.status, json.status, words.stderr, json.stderr], [0, 0, "", ""]);
  assert.match(words.stdout, /^pictures +256 x 256 pixels/m);
  const { bundle, cost, ...told } = JSON.parse(json.stdout) as Record<string, unknown>;
  const { cost: recorded, ...written } = (await readBundle(demo)).manifest;
  assert.equal(told, JSON.parse(JSON.stringify(written)));
  assert.is(bundle, demo);
  assert.ok(Number((cost as { bytes: number }).bytes) > 1e6);
  assert.is((cost as { parameters: number }).parameters, recorded?.parameters);
});

test("model: a manifest that somebody else filled in cannot steer the terminal or end in a stack trace; no bundle is status 2", async () => {
  const dir = await writeTinyBundle();
  const file = join(dir, "model.json");
  const written = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const hostile = {
    ...written,
    training: { images: "\u001b[2J", objective: [{}, "\u001b]0;x"], teacher: 7 },
    calibration: { rule: ["x"], falseAlarmRate: null, mean: "much" },
    note: "\u202e",
  };
  writeFileSync(file, JSON.stringify(hostile));
  const { status, stdout, stderr } = await retort(["model", dir]);
  assert.is(status, 0, stderr);
  assert.not.match(stdout + stderr, /(?!\n)\p{Cc}|\p{Cf}|\bat .*\.js/u);
  assert.match(stdout, "? good pictures");
  assert.match(stdout, /also recorded +note/);
  const none = await retort(["model", "/nowhere"]);
  assert.equal([none.status, none.stdout], [2, ""]);
  assert.match(none.stderr, "BUNDLE_UNREADABLE");
});

test.run();
