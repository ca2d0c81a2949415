import type { VerdictPayload } from "../contract/part-payloads.js";
import { type LineOptions, type Shown, terminalLine, verdictIn, verdictLine } from "./event-line.js";

/** Parts of one camera, one after the other, that could not be judged for the same reason. */
interface Repeats {
  readonly code: string;
  shownAtMs: number;
  /** Of those that have no line: how many they are, and the last of them. */
  held: number;
  last: VerdictPayload;
}

/** So often those that have no line of their own are counted. */
const COUNTED_EVERY_MS = 60_000;

/**
 * The lines for a person. Of parts that cannot be judged, one after the other for the same reason, the first has a line; the others are
 * counted once a minute, and when something else is to be said of the camera: a folder without one readable picture is played for ever.
 */
export class EventLines {
  readonly #options: LineOptions;
  readonly #monotonicMs: () => number;
  /** By camera. */
  readonly #repeats = new Map<string, Repeats>();

  constructor(options: LineOptions, monotonicMs: () => number) {
    this.#options = options;
    this.#monotonicMs = monotonicMs;
  }

  /** The lines that a message makes, in their order. */
  of(shown: Shown): readonly string[] {
    const verdict = verdictIn(shown);
    if (verdict === null) {
      const line = terminalLine(shown, this.#options);
      return line === null ? [] : [...this.#counted(cameraIn(shown.topic)), line];
    }
    const { camera } = verdict;
    const code = verdict.verdict === "unknown" ? codeIn(verdict.reason) : null;
    const repeats = this.#repeats.get(camera);
    if (code !== null && repeats?.code === code) return this.#repeated(repeats, verdict);
    const before = this.#counted(camera);
    if (code === null) this.#repeats.delete(camera);
    else this.#repeats.set(camera, { code, shownAtMs: this.#monotonicMs(), held: 0, last: verdict });
    return [...before, verdictLine(verdict, this.#options)];
  }

  /** What is still to be counted at the end. */
  rest(): readonly string[] {
    return [...this.#repeats.keys()].flatMap((camera) => this.#counted(camera));
  }

  #repeated(repeats: Repeats, verdict: VerdictPayload): readonly string[] {
    repeats.held += 1;
    repeats.last = verdict;
    return this.#monotonicMs() - repeats.shownAtMs < COUNTED_EVERY_MS ? [] : this.#counted(verdict.camera);
  }

  #counted(camera: string): readonly string[] {
    const repeats = this.#repeats.get(camera);
    if (repeats === undefined || repeats.held === 0) return [];
    const line = verdictLine(repeats.last, this.#options, repeats.held);
    repeats.held = 0;
    repeats.shownAtMs = this.#monotonicMs();
    return [line];
  }
}

/** Of `CODE: a sentence`. */
function codeIn(reason: string | null): string {
  return reason?.split(":", 1)[0] ?? "";
}

function cameraIn(topic: string): string {
  return topic.slice(0, topic.lastIndexOf("/"));
}
