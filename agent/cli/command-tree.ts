import type { Command, Option } from "commander";

/** What stands behind an option, or in a command's place for arguments. */
export type ValueKind = "file" | "folder" | "choice" | "other";

export interface OptionShape {
  /** With its dashes. */
  readonly long: string;
  readonly description: string;
  /** Null: it takes no value. */
  readonly value: ValueKind | null;
  /** Of a `choice`. */
  readonly choices: readonly string[];
}

/** A command as completion sees it. */
export interface CommandShape {
  /** Below the program: `config schema` is ["config", "schema"]; the program's own is []. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
  /** Of its arguments; null without any. */
  readonly argument: { readonly kind: ValueKind; readonly choices: readonly string[] } | null;
}

/** The shape of a program, from what commander knows of it. */
export function commandShape(command: Command, path: readonly string[] = []): CommandShape {
  const [argument] = command.registeredArguments;
  const help = { long: "--help", description: "shows how it is used", value: null, choices: [] };
  return {
    path,
    description: command.description(),
    options: [...command.options.flatMap(optionShape), help],
    commands: command.commands.map((each) => commandShape(each, [...path, each.name()])),
    argument:
      argument === undefined
        ? null
        : { ...kindOf(argument.name(), argument.argChoices), choices: argument.argChoices ?? [] },
  };
}

/** It and all below it. */
export function everyCommand(shape: CommandShape): readonly CommandShape[] {
  return [shape, ...shape.commands.flatMap(everyCommand)];
}

function optionShape({
  long,
  description,
  required,
  optional,
  flags,
  argChoices,
  hidden,
}: Option): readonly OptionShape[] {
  if (hidden || long === undefined || long === null) return [];
  const [, name = ""] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? [];
  const value = required || optional ? kindOf(name, argChoices).kind : null;
  return [{ long, description, value, choices: argChoices ?? [] }];
}

/** By the name that help shows: `<file.html>`, `<dir>`, `<bundle>`. */
function kindOf(name: string, choices: readonly string[] | undefined): { readonly kind: ValueKind } {
  if (choices !== undefined && choices.length > 0) return { kind: "choice" };
  if (/^file/.test(name)) return { kind: "file" };
  return { kind: /^(dir|bundle|folder)/.test(name) ? "folder" : "other" };
}
