import { CodedError } from "../../errors.js";
import type { BundleSize } from "../../models/bundle/speed.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, withExample, withJsonFlag } from "./options.js";
import { printable } from "./terminal.js";
import { working } from "./working.js";

/** `retort model`: what a bundle says of itself. */
export const modelCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("model")
    .description("tells how a bundle was trained and calibrated, on what, and what it costs")
    .argument("<bundle>", "the bundle's directory");
  withExample(withJsonFlag(command), "retort model bundles/plate").action(async (dir: string, { json }: JsonFlag) => {
    const [{ readBundle }, { bundleSize }, { modelLines }] = await Promise.all([
      import("../../models/bundle/bundle.js"),
      import("../../models/bundle/speed.js"),
      import("./model-lines.js"),
    ]);
    const bundle = await readBundle(dir);
    let cost: BundleSize | null = null;
    try {
      cost = await working(terminal, "counting what it costs", () => bundleSize(bundle));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      terminal.err(`warning: what it costs cannot be counted: ${error.code}: ${printable(error.message)}`);
    }
    const { manifest } = bundle;
    if (json) terminal.out(JSON.stringify({ bundle: dir, ...manifest, cost }));
    else for (const line of modelLines(manifest, cost)) terminal.out(line);
  });
};
