import type { Losses } from "./losses.js";
import type { NumberedPicture } from "./records.js";

/** A picture of a part that is to be written. */
export interface PendingPicture extends NumberedPicture {
  /** Called when it may be sent, or is given up. */
  readonly settle: () => void;
}

/** They are few, unless the disk hangs. */
const MOST = 16;

/** The pictures of parts that wait for the disk. What comes when too many wait is given up, and counted. */
export class PendingPictures {
  readonly #losses: Losses;
  readonly #waiting: PendingPicture[] = [];

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  get count(): number {
    return this.#waiting.length;
  }

  add(picture: PendingPicture): void {
    if (this.#waiting.length < MOST) this.#waiting.push(picture);
    else {
      this.#losses.count("evidence-memory");
      picture.settle();
    }
  }

  take(): readonly PendingPicture[] {
    return this.#waiting.splice(0);
  }
}
