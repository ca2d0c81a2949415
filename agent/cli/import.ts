import { InvalidArgumentError, Option } from "commander";
import type { AddCommand } from "./command.js";
import { type JsonFlag, type PictureSize, pictureSize, withExample, withJsonFlag } from "./options.js";
import { noteOutFolder } from "./out-folder.js";
import { printable } from "./terminal.js";
import { working } from "./working.js";

interface Flags extends JsonFlag {
  readonly out: string;
  readonly name?: string;
  readonly version?: string;
  readonly size?: PictureSize;
  readonly inputRange?: "0..1" | "0..255" | "normalised";
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
  readonly threshold?: number;
  readonly mapOutput?: string;
  readonly scoreOutput?: string;
}

/** `retort import`: a bundle from somebody else's anomaly model. */
export const importCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("import")
    .description("writes a bundle from somebody else's anomaly model, anomalib's exports among them")
    .argument("<file.onnx>", "the model, its tensors inside")
    .requiredOption("--out <bundle>", "the directory to write")
    .option("--size <pixels>", "of pictures, a side or WIDTHxHEIGHT, where the model takes any (256)", pictureSize)
    .addOption(
      new Option(
        "--input-range <range>",
        "what the model takes of a pixel; guessed from its operators unless given",
      ).choices(["0..1", "0..255", "normalised"]),
    )
    .option("--mean <r,g,b>", "that pixels of 0..1 are normalised by (ImageNet's)", threeNumbers)
    .option("--deviation <r,g,b>", "that pixels of 0..1 are normalised by (ImageNet's)", threeDeviations)
    .option("--threshold <score>", "from which on a picture is bad (0.5 where the model holds its own)", score)
    .option("--map-output <name>", "of the anomaly map, where its name is none of the usual ones")
    .option("--score-output <name>", "of the picture's score, where its name is none of the usual ones")
    .option("--name <name>", "the bundle's name (its directory's)")
    .option("--version <version>", "the bundle's version (its date)");
  withExample(withJsonFlag(command), "retort import model.onnx --out bundles/plate").action(
    async (file: string, { json, ...options }: Flags) => {
      const { importBundle } = await import("../../models/import/import.js");
      const { identityText } = await import("../../models/bundle/identity.js");
      noteOutFolder(options.out, terminal);
      const text = "checking the model, wrapping and trying it";
      const { dir, manifest } = await working(terminal, text, () => importBundle({ ...options, file }));
      const { name, version, input, threshold, sha256, imported } = manifest;
      if (json) {
        terminal.out(JSON.stringify({ bundle: dir, name, version, input, threshold, sha256, imported }));
        return;
      }
      terminal.out(`${dir}: ${identityText(manifest)}, ${input.width} x ${input.height}, threshold ${threshold}`);
      for (const each of imported?.assumed ?? []) terminal.out(`assumed: ${printable(each)}`);
      terminal.err(
        "Its threshold was not measured here: retort calibrate sets it from good pictures, retort evaluate shows it.",
      );
    },
  );
};

function numbersOf(text: string): readonly number[] | null {
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return numbers.length === 3 && numbers.every(Number.isFinite) ? numbers : null;
}

function threeNumbers(text: string): readonly number[] {
  const numbers = numbersOf(text);
  if (numbers !== null) return numbers;
  throw new InvalidArgumentError("It must be three numbers, of red, green and blue, such as 0.485,0.456,0.406.");
}

function threeDeviations(text: string): readonly number[] {
  const numbers = threeNumbers(text);
  if (numbers.every((number) => number > 0)) return numbers;
  throw new InvalidArgumentError("They must be above 0.");
}

function score(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}
