import type { Frame, Outcome } from "../../types.js";
import type { Engine } from "../engine.js";

/**
 * A relay to one engine that can be another from one frame to the next. Frames that came before go to the old one, and those that come meanwhile
 * wait until it has answered: none is lost, and none overtakes another.
 */
export class Relay {
  #engine: Engine;
  #held = 0;
  #empty: (() => void) | null = null;
  #change: Promise<void> | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get engine(): Engine {
    return this.#engine;
  }

  async inspect(frame: Frame): Promise<Outcome> {
    if (this.#change !== null) await this.#change;
    this.#held += 1;
    try {
      return await this.#engine.inspect(frame);
    } finally {
      this.#held -= 1;
      if (this.#held === 0) this.#empty?.();
    }
  }

  /** @returns when the next frame goes to the other engine; the old one has answered all it was asked, and is not closed */
  async changeTo(engine: Engine): Promise<Engine> {
    const old = this.#engine;
    this.#change = new Promise((resolve) => {
      this.#empty = () => {
        this.#engine = engine;
        this.#empty = null;
        this.#change = null;
        resolve();
      };
    });
    const done = this.#change;
    if (this.#held === 0) this.#empty?.();
    await done;
    return old;
  }
}
