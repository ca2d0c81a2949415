import { type Command, InvalidArgumentError } from "commander";
import type { ConfigLayers } from "../../config/load.js";

/** What the commands share, as commander gives it. */
export interface ConfigFlags {
  readonly config?: string;
  readonly set: readonly string[];
}

export interface JsonFlag {
  readonly json?: boolean;
}

/** --config and --set. */
export function withConfigFlags(command: Command): Command {
  return command
    .option("--config <file>", "the configuration; without one, the demo")
    .option("--set <path=value>", "overrides one value, may be repeated", collect, []);
}

export function withJsonFlag(command: Command): Command {
  return command.option("--json", "the result as JSON on stdout");
}

/** An example below the help, as somebody would type it. */
export function withExample(command: Command, example: string): Command {
  return command.addHelpText("after", `\nExample:\n  ${example}`);
}

export function layersOf(flags: ConfigFlags, env: NodeJS.ProcessEnv = process.env): ConfigLayers {
  return { file: flags.config, env, set: flags.set };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** A parser for a whole number within limits. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A parser for the size of pictures: one side of a square, or WIDTHxHEIGHT. */
export function pictureSize(text: string): PictureSize {
  const [, first, second = first] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const [width, height] = [Number(first), Number(second)];
  if ([width, height].every((side) => side >= 32 && side <= 4_096)) return { width, height };
  throw new InvalidArgumentError(
    "It must be a side in pixels, such as 256, or WIDTHxHEIGHT, such as 512x256; 32 to 4096 each.",
  );
}

/** A parser for a share of good parts, which may be given in percent: 0.01 or 1%. */
export function shareOf(text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() !== "" && value > 0 && value < 1) return value;
  throw new InvalidArgumentError("It must be a share between 0 and 1, such as 0.01 for one good part in a hundred.");
}
