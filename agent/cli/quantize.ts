import { InvalidArgumentError, Option } from "commander";
import type { PrecisionLoss } from "../../models/bundle/bundle.js";
import type { QuantizeProgress, QuantizeResult } from "../../models/quantize/quantize.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, wholeNumber, withExample, withJsonFlag } from "./options.js";
import { noteOutFolder } from "./out-folder.js";
import { type Progress, progressBar } from "./progress.js";
import { printable, type Terminal } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly model: string;
  readonly calibration: string;
  readonly out: string;
  readonly precision: "int8" | "fp16";
  readonly data?: string;
  readonly mapError?: number;
  readonly name?: string;
  readonly version?: string;
  readonly threads?: number;
}

const UNITS: Readonly<Record<QuantizeProgress["phase"], string>> = {
  reading: "pictures read",
  measuring: "pictures looked at",
  layers: "layers tried alone",
  evaluating: "test pictures",
};

/** `retort quantize`: a bundle in whole numbers of 8 bits. */
export const quantizeCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("quantize")
    .description(
      "writes a bundle's networks in whole numbers of 8 bits (smaller, and faster on CPUs), or in float16 for GPUs",
    )
    .requiredOption("--model <bundle>", "the float32 bundle's directory")
    .requiredOption("--calibration <dir>", "pictures of good parts, subfolders included; those of the training will do")
    .requiredOption("--out <bundle>", "the directory to write")
    .addOption(
      new Option("--precision <what>", "int8: whole numbers of 8 bits, for CPUs; fp16: for GPUs")
        .choices(["int8", "fp16"])
        .default("int8"),
    )
    .option("--data <dir>", "a data set in the MVTec AD layout: measures what was lost")
    .option("--map-error <share>", "the most that the map may differ; layers that hurt stay float32 (0.1)", share)
    .option("--name <name>", "the bundle's name (its directory's)")
    .option("--version <version>", "the bundle's version (its date)")
    .option("--threads <n>", "of the CPU, 0: one per core (0)", wholeNumber(0, 1_024));
  withExample(
    withJsonFlag(command),
    "retort quantize --model bundles/plate --calibration pictures/good --out bundles/plate-int8 --data pictures",
  ).action(async ({ model, json, ...options }: Flags) => {
    const { quantizeBundle } = await import("../../models/quantize/quantize.js");
    noteOutFolder(options.out, terminal);
    const show = progressOf(terminal);
    const result = await quantizeBundle({
      ...options,
      bundle: model,
      onWarning: (message) => terminal.err(`warning: ${printable(message)}`),
      onProgress: show.update,
    }).finally(show.stop);
    if (json) terminal.out(JSON.stringify(result));
    else for (const line of linesOf(result)) terminal.out(line);
  });
};

/** One bar for each phase. */
function progressOf(terminal: Terminal) {
  let phase: QuantizeProgress["phase"] | null = null;
  let bar: Progress | null = null;
  const stop = (): void => bar?.stop();
  const update = (progress: QuantizeProgress): void => {
    if (progress.phase !== phase) {
      stop();
      phase = progress.phase;
      bar = progressBar(terminal, UNITS[phase]);
    }
    bar?.update(progress.done, progress.total);
  };
  return { stop, update };
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("It must be a share of the map above 0 and up to 1, such as 0.1.");
}

function linesOf({ bundle, fps, lost, threshold, precision, operators }: QuantizeResult): readonly string[] {
  const { layers, float, images, mapError, threshold: carried } = precision;
  const [name, after] = fps.fp16 === undefined ? ["int8", fps.int8 ?? 0] : ["fp16", fps.fp16];
  return [
    `${bundle}: ${layers - float.length} of ${layers} layers in ${name}, the map differs by ${(100 * mapError).toFixed(2)} %`,
    ...(float.length === 0 ? [] : [`left float32: ${float.join(", ")}`]),
    `ONNX Runtime computes ${operators.QLinearConv ?? 0} convolutions in whole numbers here, ${floatConvolutions(operators)} in fractions`,
    `${after.toFixed(1)} frames/s on this CPU, ${fps.float.toFixed(1)} before (${(after / fps.float).toFixed(2)} times)`,
    `threshold ${threshold.toFixed(4)}, it was ${carried.before.toFixed(4)}: ${carried.same} of ${images} good pictures are judged as before`,
    lost === null ? "what was lost was not measured: --data does" : lostLine(lost),
  ];
}

function floatConvolutions(operators: QuantizeResult["operators"]): number {
  return ["Conv", "FusedConv", "ConvTranspose"].reduce((sum, name) => sum + (operators[name] ?? 0), 0);
}

function lostLine({ image, pixel, aupro }: PrecisionLoss): string {
  const points = (value: number | null) => (value === null ? "-" : `${(100 * value).toFixed(2)} points`);
  return `lost: image AUROC ${points(image)}, pixel AUROC ${points(pixel)}, AUPRO ${points(aupro)}`;
}
