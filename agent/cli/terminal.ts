import { CodedError, messageOf } from "../errors.js";

/** Where a command writes; the process's own streams at the edge. */
export interface Terminal {
  /** Results; with --json nothing but the one JSON value. */
  readonly out: (line: string) => void;
  /** Everything else: logs, progress, errors. */
  readonly err: (line: string) => void;
  readonly stderr: NodeJS.WriteStream;
  /** Whether a person watches: colours and a moving progress bar. */
  readonly interactive: boolean;
}

export const exitStatus = { done: 0, failed: 1, wrong: 2 } as const;

/** A command that is over, with a status that no error tells: its output says why. */
export class Exit extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}

export function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    stderr: process.stderr,
    interactive: process.stderr.isTTY === true && process.env.NO_COLOR === undefined,
  };
}

/** Codes of what the user handed in: configuration, model or data. Everything else failed at run time. */
const handedIn = /^(CONFIG|BUNDLE|MODEL|DATA|IMAGE|MASK|WEIGHTS|CHECKPOINT|OPTION|ARCH|AGENT_ID|METRIC)/;

/** Tells an error and gives the exit status for it. */
export function tellError(error: unknown, terminal: Terminal): number {
  if (error instanceof Exit) return error.status;
  if (!(error instanceof CodedError)) {
    terminal.err(`error: ${messageOf(error)}`);
    if (error instanceof Error && error.stack !== undefined && process.env.DEBUG !== undefined)
      terminal.err(error.stack);
    return exitStatus.failed;
  }
  // Where it belongs comes first, unless the message says so itself.
  const at = error.at === undefined || error.message.includes(error.at) ? "" : `${error.at}: `;
  terminal.err(`error ${error.code}: ${at}${error.message}`);
  terminal.err(`  ${error.remedy}`);
  return handedIn.test(error.code) && !/(_UNWRITABLE|_WRITE_FAILED|_DISK_FULL)$/.test(error.code)
    ? exitStatus.wrong
    : exitStatus.failed;
}
