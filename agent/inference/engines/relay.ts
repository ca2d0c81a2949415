import type { Frame, Outcome } from "../../types.js";
import type { Engine } from "../engine.js";

/** A change to another engine that waits until the present one has answered. */
interface Change {
  readonly to: Engine;
  readonly done: () => void;
}

/**
 * A relay to one engine that can be another from one frame to the next. Frames that came before go to the old one, and those that come meanwhile
 * wait until it has answered: none is lost, and none overtakes another.
 */
export class Relay {
  #engine: Engine;
  /** Frames that the engine has. */
  #held = 0;
  #change: Change | null = null;
  readonly #waiting: (() => void)[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get engine(): Engine {
    return this.#engine;
  }

  inspect(frame: Frame): Promise<Outcome> {
    if (this.#change === null) return this.#pass(frame);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(this.#pass(frame)));
    });
  }

  /** @returns when the next frame goes to the other engine: the old one, which has answered all it was asked, and is not closed */
  async changeTo(to: Engine): Promise<Engine> {
    const old = this.#engine;
    await new Promise<void>((done) => {
      this.#change = { to, done };
      if (this.#held === 0) this.#changed();
    });
    return old;
  }

  async #pass(frame: Frame): Promise<Outcome> {
    this.#held += 1;
    try {
      return await this.#engine.inspect(frame);
    } finally {
      this.#held -= 1;
      if (this.#held === 0) this.#changed();
    }
  }

  #changed(): void {
    if (this.#change === null) return;
    const { to, done } = this.#change;
    this.#engine = to;
    this.#change = null;
    // In this very turn: a frame that comes next would be before them.
    for (const pass of this.#waiting.splice(0)) pass();
    done();
  }
}
