import { messageOf } from "../../errors.js";
import { within } from "./within.js";

interface Part {
  readonly name: string;
  /** Null: it has limits of its own. */
  readonly limitMs: number | null;
  readonly close: () => unknown;
}

/**
 * The parts of something, in the order in which they were opened: closed in reverse, each within its limit, whatever the others do.
 */
export class Closing {
  readonly #onFault: (reason: string) => void;
  readonly #parts: Part[] = [];
  #closed: Promise<void> | null = null;

  /** @param onFault is given the reason of each part that could not be closed, or not in time */
  constructor(onFault: (reason: string) => void) {
    this.#onFault = onFault;
  }

  /**
   * Adds a part that is open now.
   * @param name for whoever reads that it could not be closed
   * @param limitMs its share of the time that closing may take: what one part leaves of its share goes to the next, so that a busy disk
   * is waited for while all together never take longer than the sum
   * @param close what hangs is left behind
   */
  add(name: string, limitMs: number, close: () => unknown): void {
    this.#parts.push({ name, limitMs, close });
  }

  /** Adds a part that has limits of its own, as another Closing has. @param close never rejects */
  adopt(close: () => Promise<void>): void {
    this.#parts.push({ name: "a part", limitMs: null, close });
  }

  /** Closes every part once, however often it is called. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    let leftMs = 0;
    for (const { name, limitMs, close } of this.#parts.reverse()) {
      const allowedMs = limitMs === null ? null : limitMs + leftMs;
      const beganMs = performance.now();
      try {
        const closing = Promise.resolve(close());
        if (allowedMs === null) await closing;
        else if (!(await within(allowedMs, closing))) {
          this.#onFault(`${name} was not closed within ${(allowedMs / 1_000).toFixed(3)} s`);
        }
      } catch (error) {
        this.#onFault(`${name} could not be closed: ${messageOf(error)}`);
      }
      if (allowedMs !== null) leftMs = Math.max(0, allowedMs - (performance.now() - beganMs));
    }
  }
}

/**
 * Opens something of several parts: where a later part throws, those that are open are closed before the error goes on.
 * @param open adds each part to `closing` as it opens, and hands `closing.close` to whoever gets the whole
 */
export async function opening<Whole>(
  onFault: (reason: string) => void,
  open: (closing: Closing) => Promise<Whole>,
): Promise<Whole> {
  const closing = new Closing(onFault);
  try {
    return await open(closing);
  } catch (error) {
    await closing.close();
    throw error;
  }
}
