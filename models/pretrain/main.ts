/**
 * Teaches a small encoder to see as a large one does (`npm run distil`), and writes it as a file that `train --teacher` takes:
 *
 *     npm run distil -- --teacher resnet18.safetensors --arch resnet18 --channels 32 --pictures bottle/train,tiles/train --out small.safetensors
 *
 * Run again with the same options, it goes on where it was cut off.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { CodedError } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import { flagsOf, positiveFlag, wholeFlag } from "../flags.js";
import { loadTeacher } from "../network/load.js";
import { listImages } from "../pictures/folder.js";
import { readRgb } from "../pictures/images.js";
import { encodeSafetensors } from "../weights/safetensors.js";
import { distil } from "./distil.js";
import { trunkOf } from "./distil-step.js";
import type { SquarePicture } from "./views.js";

const USAGE =
  "usage: npm run distil -- --teacher FILE.safetensors --arch NAME [--channels N] [--pictures FOLDER,..] --out FILE.safetensors ...\n";
const OPTIONS = {
  teacher: { type: "string" },
  "teacher-arch": { type: "string", default: "resnet18" },
  arch: { type: "string", default: "resnet18" },
  channels: { type: "string" },
  pictures: { type: "string", default: "" },
  out: { type: "string" },
  steps: { type: "string", default: "8000" },
  batch: { type: "string", default: "16" },
  size: { type: "string", default: "128" },
  rate: { type: "string", default: "0.001" },
  seed: { type: "string", default: "1" },
  threads: { type: "string", default: "0" },
  "checkpoint-seconds": { type: "string", default: "120" },
} as const;
const { values } = flagsOf(() => parseArgs({ options: OPTIONS }), USAGE);
/** Side that pictures are read at, pixels: what good parts are seen at later. */
const PICTURE_SIDE = 256;
/** Steps between lines of progress. */
const TOLD_EVERY = 50;

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const { teacher, out } = values;
if (teacher === undefined || out === undefined) {
  process.stderr.write(USAGE);
  process.exit(2);
}
try {
  await run(teacher, out);
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  say(`${error.code}: ${error.at === undefined ? "" : `${error.at}: `}${error.message}\n${error.remedy}`);
  process.exitCode = 1;
}

async function run(from: string, to: string): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const lesson = lessonOf();
  const { steps } = lesson;
  const trunk = trunkOf(
    values.arch,
    values.channels === undefined ? undefined : wholeFlag("channels", values.channels),
  );
  const loaded = await loadTeacher(from, values["teacher-arch"]);
  const pictures = await picturesIn(values.pictures.split(",").filter((folder) => folder !== ""));
  const checkpointPath = `${to}.checkpoint.safetensors`;
  const recent: { loss: number; scales: number[]; at: number }[] = [];
  const weights = await distil({
    ...{ trunk, teacher: loaded, pictures, checkpointPath, ...lesson },
    signal: stop.signal,
    onStep(step, { loss, loss1 = 0, loss2 = 0, loss3 = 0 }) {
      recent.push({ loss, scales: [loss1, loss2, loss3], at: performance.now() });
      if (step % TOLD_EVERY !== 0 && step !== steps) return;
      const mean = (of: (each: (typeof recent)[number]) => number) =>
        recent.reduce((sum, each) => sum + of(each), 0) / recent.length;
      const seconds = (recent.at(-1)!.at - recent[0]!.at) / 1000 / Math.max(1, recent.length - 1);
      const scales = [0, 1, 2].map((scale) => mean((each) => each.scales[scale]!).toFixed(4)).join(", ");
      const left = ((steps - step) * seconds) / 60;
      say(
        `step ${step} of ${steps}: loss ${mean((each) => each.loss).toFixed(4)} (${scales}), ` +
          `${seconds.toFixed(2)} s a step, ${left.toFixed(0)} min left`,
      );
      recent.length = 0;
    },
  });
  const { teacher: _, out: __, ...recipe } = values;
  const metadata = { distilled: JSON.stringify({ ...recipe, teacher: loaded.sha256, pictures: pictures.length }) };
  await makeFolder(dirname(to));
  await replaceFile(to, encodeSafetensors(weights, { metadata }));
  await rm(checkpointPath, { force: true });
  say(`written: ${to}`);
}

function lessonOf() {
  const size = wholeFlag("size", values.size, { least: 64 });
  if (size % 32 !== 0) {
    const remedy = "Give a multiple of 32.";
    throw new CodedError("OPTION_INVALID", `--size is ${size}`, { at: "size", remedy });
  }
  return {
    ...{ steps: wholeFlag("steps", values.steps), batch: wholeFlag("batch", values.batch), size },
    ...{ rate: positiveFlag("rate", values.rate), seed: wholeFlag("seed", values.seed, { least: 0 }) },
    threads: wholeFlag("threads", values.threads, { least: 0 }),
    checkpointMs: 1000 * positiveFlag("checkpoint-seconds", values["checkpoint-seconds"]),
  };
}

async function picturesIn(folders: readonly string[]): Promise<readonly SquarePicture[]> {
  const pictures: SquarePicture[] = [];
  for (const folder of folders) {
    for (const path of await listImages(folder, { recursive: true })) {
      const pixels = await readRgb(path, { width: PICTURE_SIDE, height: PICTURE_SIDE });
      pictures.push({ pixels, side: PICTURE_SIDE });
    }
  }
  return pictures;
}
