import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { positiveFlag, wholeFlag, wholeFlags } from "../../models/flags.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("options of the commands that develop models");

const ended = (script: string, options: readonly string[]) => {
  const path = fileURLToPath(new URL(`../../models/${script}/main.js`, import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [path, ...options], { encoding: "utf8" });
  assert.not.match(stderr, /\n {4}at /, "no stack trace");
  return { status, stderr };
};

test("distil refuses numbers that are none before it learns: it never writes weights that nothing was taught", () => {
  const out = join(temporaryFolder(), "small.safetensors");
  const { status, stderr } = ended("pretrain", ["--teacher", "none.safetensors", "--out", out, "--steps", "many"]);
  assert.is(status, 1);
  assert.match(stderr, 'OPTION_INVALID: steps: --steps is "many"');
  assert.not.ok(existsSync(out));
});

test("ablation refuses numbers that are none, and tells how it is used where an option is unknown", () => {
  const numbers = ended("ablation", ["--designs", "resnet18=random", "--seeds", "1,x"]);
  assert.is(numbers.status, 2);
  assert.match(numbers.stderr, 'OPTION_INVALID: --seeds is "x"');
  const unknown = ended("ablation", ["--teachr", "x"]);
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, /'--teachr'[\s\S]*usage: npm run/);
});

test("whole numbers begin where they have to, rates above 0; nothing is not 0", () => {
  assert.equal(wholeFlags("sizes", "64,96"), [64, 96]);
  assert.is(wholeFlag("seed", "0", { least: 0 }), 0);
  assert.is(positiveFlag("rate", "1e-3"), 0.001);
  for (const text of ["", "0", "-1", "1.5", "x", "NaN", "Infinity"]) {
    assert.throws(() => wholeFlag("steps", text), /--steps is/, text);
  }
  for (const text of ["", "0", "-1", "x", "NaN", "Infinity"]) assert.throws(() => positiveFlag("rate", text), /--rate/);
});

test.run();
