import type { CalibrateResult } from "../../models/training/calibrate.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, shareOf, withExample, withJsonFlag } from "./options.js";
import { progressBar } from "./progress.js";
import { printable } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly model: string;
  readonly normal: string;
  readonly defects?: string;
  readonly falseAlarms?: number;
  readonly imageHealth: boolean;
  readonly force?: boolean;
}

/** `retort calibrate`: a bundle's threshold anew. */
export const calibrateCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("calibrate")
    .description(
      "sets a bundle's threshold for a wanted share of good parts rejected, from pictures it was not trained on",
    )
    .requiredOption("--model <bundle>", "the bundle's directory")
    .requiredOption("--normal <dir>", "pictures of good parts, subfolders included")
    .option("--defects <dir>", "pictures of defective parts: what the threshold misses, and what others would")
    .option("--false-alarms <share>", "of good parts that may be rejected by mistake (0.01)", shareOf)
    .option("--no-image-health", "takes black and overexposed pictures, too, where the training did")
    .option("--force", "sets a threshold that looks wrong, too");
  withExample(
    withJsonFlag(command),
    "retort calibrate --model bundles/plate --normal pictures/new --defects pictures/bad --false-alarms 0.005",
  ).action(async ({ model, json, ...options }: Flags) => {
    const { calibrateBundle } = await import("../../models/training/calibrate.js");
    const { rateInWords } = await import("../../models/judging/threshold.js");
    const bar = progressBar(terminal, "pictures");
    let result: CalibrateResult;
    try {
      result = await calibrateBundle({
        ...options,
        bundle: model,
        onProgress: (done, total) => bar.update(done, total),
        onWarning: (message) => terminal.err(`warning: ${printable(message)}`),
      });
    } finally {
      bar.stop();
    }
    if (json) {
      terminal.out(JSON.stringify(result));
      return;
    }
    const { bundle, threshold, before, images, falseAlarmRate, moreImagesWanted, leftOut, missed } = result;
    terminal.out(
      `${printable(bundle)}: threshold ${threshold.toFixed(4)}, it was ${before.toFixed(4)}; set on ${images} good pictures`,
    );
    terminal.out(rateInWords(falseAlarmRate, moreImagesWanted));
    for (const { path, score } of leftOut)
      terminal.out(`not counted, far above the others: ${printable(path)} ${score.toPrecision(3)}`);
    if (missed !== null) for (const line of missedLines(missed)) terminal.out(line);
  });
};

/** What is missed at the threshold, and at others. */
function missedLines({ count, of, curve, inForce, check }: NonNullable<CalibrateResult["missed"]>): readonly string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);
  const others = curve.filter((_, index) => index % Math.ceil(curve.length / 12) === 0);
  const rows = [...others, inForce].sort((a, b) => a.threshold - b.threshold);
  return [
    `${count} of ${of} defects are missed`,
    `a check: set on half of the good pictures, it would reject ${percent(check.rejected).trim()} of the other ${check.images}`,
    "threshold  good rejected  defects missed",
    ...rows.map((row) => {
      const { threshold, rejected, missed } = row;
      const cells = [threshold.toFixed(4).padStart(9), percent(rejected).padStart(13), percent(missed).padStart(14)];
      return [...cells, ...(row === inForce ? ["<- set"] : [])].join("  ");
    }),
  ];
}
