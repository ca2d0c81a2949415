import type { CodedError } from "../../errors.js";

/** Where the agent says what happens; pino's logger is one. */
export interface Logger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** Logs each trouble as a warning, with its code and its remedy. */
export function warnOf(log: Logger): (trouble: CodedError) => void {
  return ({ code, message, remedy }) => log.warn(`${code}: ${message}. ${remedy}`);
}
