import type { Command } from "commander";
import type { Terminal } from "./terminal.js";

/** A command adds itself; what it needs is imported only when it runs, so that --help and check start at once. */
export type AddCommand = (program: Command, terminal: Terminal) => void;
