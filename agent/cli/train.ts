import type { TrainProgress } from "../../models/training/progress.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, wholeNumber, withJsonFlag } from "./options.js";
import { noteOutFolder } from "./out-folder.js";
import { duration, type Progress, progressBar } from "./progress.js";
import { sparkline } from "./sparkline.js";
import { printable, type Terminal } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly normal: string;
  readonly arch: string;
  readonly teacher: string;
  readonly out: string;
  readonly name?: string;
  readonly version?: string;
  readonly imageHealth: boolean;
  readonly epochs?: number;
  readonly size?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly resume?: boolean;
}

/** `retort train`: learns a student from pictures of good parts. */
export const trainCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("train")
    .description("learns a student from pictures of good parts, and writes its bundle")
    .requiredOption("--normal <dir>", "pictures of good parts, subfolders included")
    .requiredOption("--arch <arch>", "resnet18, resnet34, resnet50 or wide_resnet50_2")
    .requiredOption("--teacher <file>", "pretrained weights with torchvision's names (.safetensors)")
    .requiredOption("--out <bundle>", "the directory to write")
    .option("--name <name>", "the bundle's name (its directory's)")
    .option("--version <version>", "the bundle's version (the date of its training)")
    .option("--no-image-health", "learns from black and overexposed pictures, too: cameras need `health` off then")
    .option("--epochs <n>", "rounds over the pictures (10)", wholeNumber(1, 100_000))
    .option("--size <pixels>", "side of the square input, a multiple of 32 (256)", wholeNumber(32, 4_096))
    .option("--batch <n>", "pictures of one step (16)", wholeNumber(1, 4_096))
    .option("--seed <n>", "the same seed gives the same model (0)", wholeNumber(0, 4_294_967_295))
    .option("--threads <n>", "of the CPU, 0: one per core (0)", wholeNumber(0, 1_024))
    .option("--resume", "goes on from the checkpoint beside the bundle");
  withJsonFlag(command).action(async ({ json, ...options }: Flags) => {
    const { trainStudent } = await import("../../models/training/train.js");
    const { identityText } = await import("../../models/bundle/identity.js");
    noteOutFolder(options.out, terminal);
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    const show = progressOf(terminal);
    try {
      const result = await trainStudent({ ...options, onProgress: show.update, signal: stop.signal });
      show.stop();
      if (json) {
        terminal.out(JSON.stringify(result));
        return;
      }
      const { bundle, epochs, images, loss, losses, threshold, trainImagesPerSecond, seconds } = result;
      terminal.out(`loss of each epoch: ${sparkline(losses)} ${losses.at(0)?.toFixed(4)} to ${loss.toFixed(4)}`);
      terminal.out(
        `${epochs} epochs of ${images} images in ${duration(seconds * 1_000)}, ${trainImagesPerSecond.toFixed(1)} images/s`,
      );
      terminal.out(`${bundle}: ${identityText(result)}, threshold ${threshold.toFixed(4)}`);
    } finally {
      show.stop();
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    }
  });
};

const UNITS = {
  reading: "pictures read",
  training: "images",
  calibrating: "held-out images",
};

/** One bar for each phase. */
function progressOf(terminal: Terminal): {
  readonly update: (progress: TrainProgress) => void;
  readonly stop: () => void;
} {
  let phase = "";
  let bar: Progress | null = null;
  const stop = () => {
    bar?.stop();
    bar = null;
  };
  const update = (progress: TrainProgress) => {
    if (progress.phase === "warning") {
      stop();
      phase = "";
      terminal.err(`warning: ${printable(progress.message)}`);
      return;
    }
    if (progress.phase !== phase) {
      stop();
      phase = progress.phase;
      bar = progressBar(terminal, UNITS[progress.phase]);
    }
    if (progress.phase !== "training") {
      bar?.update(progress.done, progress.total);
      return;
    }
    const { done, total, epoch, epochs, loss, imagesPerSecond, etaSeconds } = progress;
    const note = `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  ${imagesPerSecond.toFixed(1)} images/s`;
    bar?.update(done, total, note, etaSeconds);
  };
  return { update, stop };
}
