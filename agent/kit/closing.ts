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
   * @param close waited for at most `limitMs` milliseconds; what hangs is left behind
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
    for (const { name, limitMs, close } of this.#parts.reverse()) {
      try {
        const closing = Promise.resolve(close());
        if (limitMs === null) await closing;
        else if (!(await within(limitMs, closing))) this.#onFault(`${name} was not closed within ${limitMs / 1_000} s`);
      } catch (error) {
        this.#onFault(`${name} could not be closed: ${messageOf(error)}`);
      }
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
