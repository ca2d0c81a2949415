import type { EvaluationResult } from "../../models/evaluate/figures.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, withJsonFlag } from "./options.js";
import { progressBar } from "./progress.js";
import { printable } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly model: string;
  readonly data: string;
  readonly report?: string;
}

/** `retort evaluate`: a bundle held against a data set with known defects. */
export const evaluateCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("evaluate")
    .description("measures a bundle on a data set in the MVTec AD layout")
    .requiredOption("--model <bundle>", "the bundle's directory")
    .requiredOption("--data <dir>", "a folder with test/good, test/<defect> and, for masks, ground_truth/<defect>")
    .option("--report <file.html>", "writes a report with pictures");
  withJsonFlag(command).action(async ({ model, data, report, json }: Flags) => {
    const { evaluateBundle } = await import("../../models/evaluate/evaluate.js");
    const { identityText } = await import("../../models/bundle/identity.js");
    const bar = progressBar(terminal, "images");
    let result: EvaluationResult;
    try {
      result = await evaluateBundle({
        bundle: model,
        data,
        ...(report === undefined ? {} : { report }),
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
    if (report !== undefined) terminal.err(`report: ${report}`);
  });
};
