import { duration } from "./progress.js";
import type { Terminal } from "./terminal.js";

/** A log that nobody watches gets a line when work has taken so long, and again each time it has taken twice as long. */
const FIRST_LINE_MS = 2_000;
const DRAWN_EVERY_MS = 200;
const FRAMES = ["|", "/", "-", "\\"];

/**
 * Shows that work goes on whose end nobody can foresee: for a person a mark that moves and the time so far, gone when the work is done; for
 * a log now and then a line. Both on stderr.
 * @param work given a way to say on a line of its own what it comes to
 * @throws what the work throws
 */
export async function working<T>(
  terminal: Terminal,
  text: string,
  work: (say: (line: string) => void) => Promise<T>,
): Promise<T> {
  const { interactive, stderr, err } = terminal;
  const beganMs = performance.now();
  let nextLineMs = FIRST_LINE_MS;
  let frame = 0;
  const show = (): void => {
    const sinceMs = performance.now() - beganMs;
    if (interactive) {
      stderr.write(`\r${FRAMES[frame % FRAMES.length]} ${text}  ${duration(sinceMs)}`);
      frame += 1;
    } else if (sinceMs >= nextLineMs) {
      err(`${text}  ${duration(sinceMs)}`);
      nextLineMs = 2 * sinceMs;
    }
  };
  const clear = (): void => {
    if (interactive) stderr.write("\r\u001b[K");
  };
  const say = (line: string): void => {
    clear();
    err(line);
  };
  // At once: the work may leave the timer no time.
  show();
  const timer = setInterval(show, DRAWN_EVERY_MS);
  try {
    return await work(say);
  } finally {
    clearInterval(timer);
    clear();
  }
}
