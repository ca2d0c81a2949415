import { Command, CommanderError } from "commander";
import { maskText } from "../../config/mask.js";
import { productVersion } from "../kit/version.js";
import { benchCommand } from "./bench.js";
import { calibrateCommand } from "./calibrate.js";
import { checkCommand } from "./check.js";
import type { AddCommand } from "./command.js";
import { completionCommand } from "./completion.js";
import { configCommand } from "./config.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { featuresCommand } from "./features.js";
import { importCommand } from "./import.js";
import { inspectCommand } from "./inspect.js";
import { modelCommand } from "./model.js";
import { withExample } from "./options.js";
import { quantizeCommand } from "./quantize.js";
import { runCommand } from "./run.js";
import { exitStatus, processTerminal, reportError, type Terminal } from "./terminal.js";
import { trainCommand } from "./train.js";
import { watchCommand } from "./watch.js";

const commands: readonly AddCommand[] = [
  runCommand,
  checkCommand,
  configCommand,
  doctorCommand,
  watchCommand,
  trainCommand,
  evaluateCommand,
  inspectCommand,
  modelCommand,
  exportCommand,
  featuresCommand,
  importCommand,
  calibrateCommand,
  quantizeCommand,
  benchCommand,
  completionCommand,
];

/** Behind a command whose own it is not, `--version` means what it means before one. */
function tellVersion(command: Command): void {
  if (command.options.some(({ long }) => long === "--version")) return;
  command.version(productVersion(), "--version");
  command.options.find(({ long }) => long === "--version")?.hideHelp();
}

/** The program with all its commands. It throws a CommanderError for what it does not know, and for help. */
export function programOn(terminal: Terminal): Command {
  const program = new Command("retort")
    .description(
      "Visual inspection at the edge: learns from pictures of good parts, watches the line, alerts over MQTT.",
    )
    .version(productVersion(), "--version", "prints the version, with the commit that it was built from")
    // What stands behind a command is that command's: a bundle has a --version, too.
    .enablePositionalOptions()
    .showHelpAfterError("(--help says how)")
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      // It repeats what it does not know, and that may be a password.
      writeErr: (text) => terminal.err(maskText(text.trimEnd())),
    })
    .exitOverride();
  for (const add of commands) add(program, terminal);
  for (const command of program.commands) tellVersion(command);
  return withExample(program, "retort run --config line.yaml");
}

/**
 * Runs one command line.
 * @param argv without node and script
 * @returns the exit status: 0 done, 1 failed at run time, 2 wrong usage, configuration, model or data
 */
export async function runProgram(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const program = programOn(terminal);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitStatus.done;
  } catch (error) {
    // commander has already shown what is wrong; help and version come here with status 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.wrong;
    return reportError(error, terminal);
  }
}
