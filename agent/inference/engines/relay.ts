import type { Frame, Outcome } from "../../types.js";
import type { Engine } from "../engine.js";

/** A change to another engine that waits until the present one has answered. */
interface Change {
  readonly to: Engine;
  readonly done: () => void;
}

/** A frame, and who waits for its outcome. */
interface Asked {
  readonly frame: Frame;
  readonly settle: (outcome: Outcome) => void;
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
  readonly #waiting: Asked[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** Never rejects, as no engine's does. */
  inspect(frame: Frame): Promise<Outcome> {
    return new Promise((settle) => {
      if (this.#change === null) this.#pass({ frame, settle });
      else this.#waiting.push({ frame, settle });
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

  /** The same way for all: one that took a turn more would come behind the next. */
  #pass({ frame, settle }: Asked): void {
    this.#held += 1;
    void this.#engine.inspect(frame).then((outcome) => {
      this.#held -= 1;
      settle(outcome);
      if (this.#held === 0) this.#changed();
    });
  }

  #changed(): void {
    if (this.#change === null) return;
    const { to, done } = this.#change;
    this.#engine = to;
    this.#change = null;
    // In this very turn: a frame that comes next would be before them.
    for (const asked of this.#waiting.splice(0)) this.#pass(asked);
    done();
  }
}
