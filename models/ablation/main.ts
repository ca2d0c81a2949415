/**
 * Trains and evaluates detectors on data sets in the layout of MVTec AD, and writes what they find as tables (`npm run ablation`). Every
 * training's result is a file of its own: what is there already is not done again, so a run that was cut off goes on. The scores are in it, so
 * that a change of the threshold rule needs no training either.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeFolders, replaceFile } from "../../replace-file.js";
import { DEFAULTS } from "../training/recipe.js";
import { detectionPlan, nameOf } from "./plan.js";
import { judgedAnew, type RunOptions, type RunResult, runOnce } from "./run.js";
import { tables } from "./table.js";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    teacher: { type: "string" },
    arch: { type: "string", default: "resnet18" },
    out: { type: "string", default: "ablation" },
    sets: { type: "string", default: "bottle,tiles,transistor" },
    seeds: { type: "string", default: "111,7,42" },
    planted: { type: "string", default: "0.05,0.02,0.1" },
    pictures: { type: "string", default: "10,20,50" },
    sizes: { type: "string", default: "128,192" },
    epochs: { type: "string", default: String(DEFAULTS.epochs) },
    threads: { type: "string", default: "0" },
  },
});
const { data, teacher, arch, out } = values;
if (data === undefined || teacher === undefined) {
  process.stderr.write(
    "usage: npm run ablation -- --data FOLDER-OF-SETS --teacher FILE.safetensors [--out FOLDER] ...\n",
  );
  process.exit(2);
}

const listOf = (text: string): readonly string[] => text.split(",").filter((each) => each !== "");
const numbersOf = (text: string): readonly number[] => listOf(text).map(Number);
const plan = detectionPlan({
  sets: listOf(values.sets),
  seeds: numbersOf(values.seeds),
  planted: numbersOf(values.planted),
  pictures: numbersOf(values.pictures),
  sizes: numbersOf(values.sizes),
});
process.stdout.write(
  await results({ data, arch, teacher, epochs: Number(values.epochs), threads: Number(values.threads) }),
);

async function results(options: RunOptions): Promise<string> {
  const done: RunResult[] = [];
  await makeFolders(out);
  for (const [index, run] of plan.entries()) {
    const name = nameOf(run);
    const file = join(out, `${name}.json`);
    const say = (text: string): void => void process.stderr.write(`${index + 1} of ${plan.length}, ${name}: ${text}\n`);
    const known = await resultIn(file);
    if (known === null) say("begins");
    const result = known ?? (await runOnce(run, options));
    if (known === null) {
      await replaceFile(file, `${JSON.stringify(result, null, 2)}\n`);
      say(`image AUROC ${result.both.imageAuroc.toFixed(4)}, found ${result.both.recall?.toFixed(3)}`);
    }
    done.push(judgedAnew(result));
    await replaceFile(join(out, "tables.md"), tables(done));
  }
  return tables(done);
}

async function resultIn(file: string): Promise<RunResult | null> {
  const text = await readFile(file, "utf8").catch(() => null);
  return text === null ? null : JSON.parse(text);
}
