import { Option } from "commander";
import type { TeacherOptions } from "../../models/bundle/teacher.js";
import type { TrainProgress } from "../../models/training/progress.js";
import type { TrainResult } from "../../models/training/train.js";
import type { AddCommand } from "./command.js";
import {
  type JsonFlag,
  type PictureSize,
  pictureSize,
  shareOf,
  wholeNumber,
  withExample,
  withJsonFlag,
} from "./options.js";
import { noteOutFolder } from "./out-folder.js";
import { duration, type Progress, progressBar } from "./progress.js";
import { sparkline } from "./sparkline.js";
import { onStopSignal } from "./stop-signal.js";
import { withTeacherFlags } from "./teacher-flags.js";
import { printable, type Terminal } from "./terminal.js";
import { working } from "./working.js";

interface Flags extends JsonFlag, TeacherOptions {
  readonly normal: string;
  readonly out: string;
  readonly name?: string;
  readonly version?: string;
  readonly imageHealth: boolean;
  readonly epochs?: number;
  readonly size?: PictureSize;
  readonly batch?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly falseAlarms?: number;
  readonly memory?: number;
  readonly quick?: boolean;
  readonly suspicious?: "keep" | "exclude";
  readonly report?: string;
}

/** `retort train`: learns a student from pictures of good parts. */
export const trainCommand: AddCommand = (program, terminal) => {
  const command = withTeacherFlags(
    program
      .command("train")
      .description("learns a student from pictures of good parts, and writes its bundle")
      .requiredOption("--normal <dir>", "pictures of good parts, subfolders included"),
  )
    .requiredOption("--out <bundle>", "the directory to write")
    .option("--name <name>", "the bundle's name (its directory's)")
    .option("--version <version>", "the bundle's version (the date of its training)")
    .option("--no-image-health", "learns from black and overexposed pictures, too: cameras need `health` off then")
    .option("--epochs <n>", "rounds over the pictures (10)", wholeNumber(1, 100_000))
    .option("--size <pixels>", "of pictures, a side or WIDTHxHEIGHT, multiples of 32; never cropped (256)", pictureSize)
    .option("--batch <n>", "pictures of one step (16)", wholeNumber(1, 4_096))
    .option("--seed <n>", "the same seed gives the same model (0)", wholeNumber(0, 4_294_967_295))
    .option("--threads <n>", "of the CPU, 0: one per core (0)", wholeNumber(0, 1_024))
    .option("--resume", "goes on from the checkpoint beside the bundle")
    .option("--quick", "no student: good pictures are remembered, in seconds, and what is new is found by that alone")
    .option("--memory <n>", "good pictures to store beside the student, 0: none (256)", wholeNumber(0, 4_096))
    .option("--false-alarms <share>", "of good parts that may be rejected by mistake (0.01)", shareOf)
    .addOption(
      new Option(
        "--suspicious <what>",
        "good pictures that look wrong never set the threshold; exclude: nor are they learned",
      )
        .choices(["keep", "exclude"])
        .default("keep"),
    )
    .option("--report <file.html>", "writes a contact sheet of the good pictures that look wrong");
  withExample(
    withJsonFlag(command),
    "retort train --normal pictures/train/good --arch resnet18 --teacher resnet18.safetensors --out bundles/plate",
  ).action(async ({ json, report, ...options }: Flags) => {
    const { trainStudent } = await import("../../models/training/train.js");
    const { rateInWords } = await import("../../models/judging/threshold.js");
    const { identityText } = await import("../../models/bundle/identity.js");
    const { readBundle } = await import("../../models/bundle/bundle.js");
    const { bundleCost, costText } = await import("../../models/bundle/speed.js");
    noteOutFolder(options.out, terminal);
    const stop = new AbortController();
    const off = onStopSignal(() => stop.abort());
    const show = progressOf(terminal);
    try {
      const result = await trainStudent({
        ...options,
        ...(report === undefined ? {} : { reportPath: report }),
        onProgress: show.update,
        signal: stop.signal,
      });
      show.stop();
      const cost = await working(terminal, "measuring its speed", async () =>
        bundleCost(await readBundle(result.bundle), options.threads),
      );
      if (json) {
        terminal.out(JSON.stringify({ ...result, cost }));
        return;
      }
      for (const line of summary(result)) terminal.out(line);
      terminal.out(`${result.bundle}: ${identityText(result)}, threshold ${result.threshold.toFixed(4)}`);
      terminal.out(`${costText(cost)} on this machine's CPU`);
      if (result.calibration.falseAlarmRate !== undefined)
        terminal.out(rateInWords(result.calibration.falseAlarmRate, result.moreImagesWanted));
      for (const line of suspiciousLines(result, report)) terminal.out(line);
    } finally {
      show.stop();
      off();
    }
  });
};

/** What was learned, in what time. */
function summary({
  epochs,
  images,
  loss,
  losses,
  memory,
  trainImagesPerSecond,
  seconds,
}: TrainResult): readonly string[] {
  const stored = memory === null ? "" : `${memory.pictures} pictures remembered`;
  if (loss === null) return [`${stored} in ${duration(seconds * 1_000)}`];
  return [
    `loss of each epoch: ${sparkline(losses)} ${losses.at(0)?.toFixed(4)} to ${loss.toFixed(4)}`,
    `${epochs} epochs of ${images} images in ${duration(seconds * 1_000)}, ${trainImagesPerSecond.toFixed(1)} images/s`,
    ...(stored === "" ? [] : [stored]),
  ];
}

/** The good pictures that look wrong, and what can be done about them. */
function suspiciousLines({ suspicious }: TrainResult, report: string | undefined): readonly string[] {
  if (suspicious.length === 0) return report === undefined ? [] : [`no good picture looks wrong: ${report}`];
  return [
    "good pictures that look wrong, not counted for the threshold:",
    ...suspicious.map(({ path, reason }) => `  ${printable(path)}  ${reason}`),
    report === undefined
      ? "  --report FILE.html shows them; --suspicious exclude leaves them out of training"
      : `  shown in ${report}`,
  ];
}

const UNITS = {
  reading: "pictures read",
  remembering: "pictures looked at",
  training: "images",
  calibrating: "good images scored",
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
