import { maskText } from "../../config/mask.js";
import { CodedError, errnoOf, errorCodes, messageOf } from "../../errors.js";

/** Where a command writes; the process's own streams at the edge. */
export interface Terminal {
  /** Results; with --json nothing but the one JSON value. */
  readonly out: (line: string) => void;
  /** Everything else: logs, progress, errors. */
  readonly err: (line: string) => void;
  readonly stderr: NodeJS.WriteStream;
  /** Whether a person watches stderr: a moving progress bar. */
  readonly interactive: boolean;
  /** Whether results go to a terminal that shows colours. */
  readonly coloured: boolean;
  /** For a process that outlives its log's disk; absent: no line is ever lost. */
  readonly losses?: Losses;
}

/** Lines that could not be written: a log may go to a disk that is full for a while. */
export interface Losses {
  /** From now on such a line is lost, and ends nothing. */
  allow(): void;
  /** How many were lost since this was last asked; 0 while lines still are, as nobody would read it. */
  take(): number;
}

/** Of a text from elsewhere; beyond, nobody reads. */
const MAX_SHOWN = 4_000;

/**
 * For eyes, on one line: a hostile camera or publisher must not move the cursor, turn the writing round or forge a line.
 * Secrets are masked, though none should come here.
 */
export function printable(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ... (${text.length} characters)` : text;
  return maskText(shown).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}

export const exitStatus = { done: 0, failed: 1, wrong: 2 } as const;

/** A command that is over, with a status that no error stands for: its output says why. */
export class Exit extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}

/** The process's own streams. A reader that goes away (`| head`) neither ends the work nor changes its exit status. */
export function processTerminal(): Terminal {
  let mayLose = false;
  let isLosing = false;
  let lost = 0;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!mayLose && errnoOf(error) !== "EPIPE") throw error;
    });
  }
  const lineTo =
    (stream: NodeJS.WriteStream) =>
    (line: string): void => {
      stream.write(`${line}\n`, (error) => {
        isLosing = error !== null && error !== undefined;
        if (isLosing) lost += 1;
      });
    };
  return {
    out: lineTo(process.stdout),
    err: lineTo(process.stderr),
    stderr: process.stderr,
    interactive: process.stderr.isTTY === true && process.env.NO_COLOR === undefined,
    coloured: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    losses: {
      allow: () => {
        mayLose = true;
      },
      take: () => {
        if (isLosing) return 0;
        const count = lost;
        lost = 0;
        return count;
      },
    },
  };
}

/** Shows an error, and gives the exit status for it. */
export function reportError(error: unknown, terminal: Terminal): number {
  if (error instanceof Exit) return error.status;
  if (!(error instanceof CodedError)) {
    terminal.err(`error: ${printable(messageOf(error))}`);
    if (error instanceof Error && error.stack !== undefined && process.env.DEBUG !== undefined)
      terminal.err(error.stack);
    return exitStatus.failed;
  }
  // Where it belongs comes first, unless the message says so itself.
  const at = error.at === undefined || error.message.includes(error.at) ? "" : `${error.at}: `;
  // A configuration's error has a line for each problem.
  terminal.err(`error ${error.code}: ${`${at}${error.message}`.split("\n").map(printable).join("\n")}`);
  terminal.err(`  ${error.remedy}`);
  return errorCodes[error.code].exitStatus;
}
