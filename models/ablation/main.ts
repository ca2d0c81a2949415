/**
 * Trains and evaluates detectors side by side and writes what they find as tables (`npm run ablation`). Every training's result is a file of its
 * own: what is there already is not done again, so a run that was cut off goes on. The scores are in it, so that a change of the threshold rule
 * needs no training either.
 *
 * With `--designs`, networks and teachers are compared, see designs.ts; else student, memory and both of one teacher, over data sets that are
 * whole, contaminated, small or of small pictures. `--quick` takes minutes: few small pictures, one seed.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CodedError } from "../../errors.js";
import { makeFolders, replaceFile } from "../../replace-file.js";
import { flagsOf, positiveFlag, wholeFlag, wholeFlags } from "../flags.js";
import { DEFAULTS } from "../training/recipe.js";
import { DEMO_COUNTS, DEMO_SET } from "./demo-set.js";
import type { Length } from "./design.js";
import { compareDesigns } from "./designs.js";
import { detectionPlan, nameOf, type Run, SIZE } from "./plan.js";
import { kept } from "./resume.js";
import { judgedAnew, type RunResult, runOnce } from "./run.js";
import { tables } from "./table.js";

const USAGE = `usage: npm run ablation -- --designs ARCH[:VARIANT][+OBJECTIVE][@EPOCHS]=TEACHER,... [--data FOLDER-OF-SETS] [--out FOLDER] ...
       npm run ablation -- --data FOLDER-OF-SETS --teacher FILE [--arch ARCH] [--out FOLDER] ...
       npm run ablation -- --quick
`;
const FOLDER_SETS = "bottle,tiles,transistor";
const QUICK = { pictures: 24, size: 128, epochs: 10, counts: { train: 24, testGood: 12, testPerType: 3 } };
/** What `--quick` compares where nothing is named: the shipped teacher, and what needs no file. */
const QUICK_DESIGNS = "resnet18=models/demo/teacher.safetensors,convnext_atto:study=random,convnext_atto:retort=random";

const OPTIONS = {
  data: { type: "string" },
  teacher: { type: "string" },
  arch: { type: "string", default: "resnet18" },
  designs: { type: "string" },
  out: { type: "string", default: "ablation" },
  sets: { type: "string" },
  seeds: { type: "string" },
  planted: { type: "string", default: "0.05,0.02,0.1" },
  pictures: { type: "string" },
  sizes: { type: "string" },
  epochs: { type: "string" },
  steps: { type: "string" },
  rounds: { type: "string", default: "9" },
  threads: { type: "string", default: "0" },
  quick: { type: "boolean", default: false },
} as const;
const { values } = flagsOf(() => parseArgs({ options: OPTIONS }), USAGE);
const { data, teacher, arch, out, quick } = values;
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const listOf = (text: string): readonly string[] => text.split(",").filter((each) => each !== "");
const epochsOf = (): number =>
  values.epochs === undefined ? (quick ? QUICK.epochs : DEFAULTS.epochs) : wholeFlag("epochs", values.epochs);
const threadsOf = (): number => wholeFlag("threads", values.threads, { least: 0 });

try {
  const designs = values.designs ?? (quick && teacher === undefined ? QUICK_DESIGNS : undefined);
  if (designs !== undefined) process.stdout.write(await designTables(designs));
  else if (data !== undefined && teacher !== undefined) process.stdout.write(await detectionTables(data, teacher));
  else {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  }
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  say(`${error.code}: ${error.message}${error.at === undefined ? "" : ` (${error.at})`}\n${error.remedy}`);
  process.exitCode = 2;
}

function designTables(designs: string): Promise<string> {
  const length: Length =
    values.steps === undefined ? { epochs: epochsOf() } : { steps: wholeFlag("steps", values.steps) };
  return compareDesigns({
    ...{ out, data: data ?? null, designs, length, say },
    sets: listOf(values.sets ?? (data === undefined ? DEMO_SET : FOLDER_SETS)),
    seeds: wholeFlags("seeds", values.seeds ?? "111", { least: 0 }),
    pictures: wholeFlags("pictures", values.pictures ?? (quick ? String(QUICK.pictures) : "")),
    sizes: wholeFlags("sizes", values.sizes ?? String(quick ? QUICK.size : SIZE)),
    ...{ rounds: wholeFlag("rounds", values.rounds, { least: 0 }), threads: threadsOf() },
    counts: quick ? QUICK.counts : DEMO_COUNTS,
  });
}

function detectionRuns(): readonly Run[] {
  const sets = listOf(values.sets ?? FOLDER_SETS);
  const seeds = wholeFlags("seeds", values.seeds ?? (quick ? "111" : "111,7,42"), { least: 0 });
  if (quick) {
    const { pictures, size } = QUICK;
    return seeds.flatMap((seed) => sets.map((set) => ({ set, seed, size, pictures, planted: 0 })));
  }
  return detectionPlan({
    ...{ sets, seeds, planted: listOf(values.planted).map((share) => positiveFlag("planted", share)) },
    pictures: wholeFlags("pictures", values.pictures ?? "10,20,50"),
    sizes: wholeFlags("sizes", values.sizes ?? "128,192"),
  });
}

async function detectionTables(folder: string, weights: string): Promise<string> {
  const done: RunResult[] = [];
  const plan = detectionRuns();
  const options = { data: folder, arch, teacher: weights, epochs: epochsOf(), threads: threadsOf() };
  await makeFolders(out);
  for (const [index, run] of plan.entries()) {
    const name = nameOf(run);
    const result = await kept(join(out, `${name}.json`), () => {
      say(`${index + 1} of ${plan.length}, ${name}`);
      return runOnce(run, options);
    });
    done.push(judgedAnew(result));
    await replaceFile(join(out, "tables.md"), tables(done));
  }
  return tables(done);
}
