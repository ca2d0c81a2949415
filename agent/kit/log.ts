/** Where the agent says what happens; pino's logger is one. */
export interface Logger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}
