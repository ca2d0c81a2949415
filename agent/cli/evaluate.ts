import type { EvaluationResult } from "../../models/evaluate/figures.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, shareOf, withExample, withJsonFlag } from "./options.js";
import { progressBar } from "./progress.js";
import { printable } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly model: string;
  readonly data: string;
  readonly falseAlarms?: number;
  readonly report?: string;
  readonly scores?: string;
}

/** `retort evaluate`: a bundle held against a data set with known defects. */
export const evaluateCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("evaluate")
    .description("measures a bundle on a data set in the MVTec AD layout")
    .requiredOption("--model <bundle>", "the bundle's directory")
    .requiredOption("--data <dir>", "a folder with test/good, test/<defect> and, for masks, ground_truth/<defect>")
    .option(
      "--false-alarms <share>",
      "of good parts that may be rejected by mistake; what the bundle was set for, else 0.01",
      shareOf,
    )
    .option("--report <file.html>", "writes a report with pictures")
    .option("--scores <file.csv>", "writes each picture's path, type, score and verdict");
  withExample(
    withJsonFlag(command),
    "retort evaluate --model bundles/plate --data pictures --report report.html",
  ).action(async ({ model, json, ...options }: Flags) => {
    const { evaluateBundle } = await import("../../models/evaluate/evaluate.js");
    const { identityText } = await import("../../models/bundle/identity.js");
    const bar = progressBar(terminal, "images");
    let result: EvaluationResult;
    try {
      result = await evaluateBundle({
        ...options,
        bundle: model,
        onProgress: (done, total) => bar.update(done, total),
      });
    } finally {
      bar.stop();
    }
    for (const { path, reason } of result.warnings) terminal.err(`warning: ${printable(path)}: ${printable(reason)}`);
    if (json) terminal.out(JSON.stringify(result));
    else {
      terminal.err(identityText(result.model));
      const { evaluationTable } = await import("../../models/evaluate/table.js");
      terminal.out(evaluationTable(result));
    }
    if (options.report !== undefined) terminal.err(`report: ${options.report}`);
    if (options.scores !== undefined) terminal.err(`scores: ${options.scores}`);
  });
};
