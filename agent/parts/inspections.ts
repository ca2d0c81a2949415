import { defer, type Observable, Subject, startWith } from "rxjs";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { CameraEvent, Context } from "../types.js";

/** Pictures that did not come, of an inspection that was asked for. */
export interface MissingPictures {
  readonly asked: number;
  readonly count: number;
  readonly context: Context | null;
}

export interface InspectionsDeps {
  /** The pictures that make one part. */
  readonly frames: number;
  /** Whether pictures are taken for inspections alone: one that was asked for before belongs to none that is asked for after. */
  readonly onDemand: boolean;
  /** How long pictures are waited for. */
  readonly withinMs: number;
  readonly onMissing: (missing: MissingPictures) => void;
}

interface Waiting {
  readonly asked: number;
  readonly context: Context | null;
  /** Pictures that are still to come. */
  left: number;
  readonly timer: NodeJS.Timeout;
}

/** The inspections of one camera that its line's control asks for: each binds its context to the next pictures, and gets their verdict. */
export class Inspections {
  readonly #deps: InspectionsDeps;
  readonly #more$ = new Subject<number>();
  /** Those whose pictures have not all come, the oldest first. */
  readonly #waiting: Waiting[] = [];
  readonly #answers = new Map<number, (verdict: VerdictPayload | null) => void>();
  #last = 0;
  /** Pictures that were asked for, and are for no inspection any more. */
  #stale = 0;

  constructor(deps: InspectionsDeps) {
    this.#deps = deps;
  }

  /** How many more pictures are wanted, where pictures are taken for inspections alone; the first, that shows that the camera is there. */
  get wanted$(): Observable<number> {
    return defer(() => {
      this.#stale = 1;
      return this.#more$.pipe(startWith(this.#waiting.reduce((sum, { left }) => sum + left, this.#stale)));
    });
  }

  /**
   * Binds a context to the next pictures.
   * @param context null: what is in force when they come
   * @returns the verdict on them; null where the outbox gave it up
   */
  ask(context: Context | null): Promise<VerdictPayload | null> {
    const { frames, withinMs } = this.#deps;
    this.#last += 1;
    const asked = this.#last;
    const timer = setTimeout(() => this.#miss(asked), withinMs);
    this.#waiting.push({ asked, context, left: frames, timer });
    const verdict = new Promise<VerdictPayload | null>((resolve) => this.#answers.set(asked, resolve));
    this.#more$.next(frames);
    return verdict;
  }

  /** Marks the picture with the inspection that it is for, if there is one. A picture that could not be read is one, too. */
  bind(event: CameraEvent): CameraEvent {
    if (event.kind !== "frame" && event.kind !== "failed") return event;
    // A picture on demand that could not be read is taken again.
    if (this.#deps.onDemand && (event.kind === "failed" || this.#isStale())) return event;
    const [next] = this.#waiting;
    if (next === undefined) return event;
    next.left -= 1;
    if (next.left === 0) {
      clearTimeout(next.timer);
      this.#waiting.shift();
    }
    const { asked, context } = next;
    const bound = { asked, ...(context === null ? {} : { context }) };
    return event.kind === "failed" ? { ...event, ...bound } : { ...event, frame: { ...event.frame, ...bound } };
  }

  answer(asked: number, verdict: VerdictPayload | null): void {
    this.#answers.get(asked)?.(verdict);
    this.#answers.delete(asked);
  }

  /** Waits for no pictures any more. */
  stop(): void {
    for (const { timer } of this.#waiting.splice(0)) clearTimeout(timer);
    for (const asked of [...this.#answers.keys()]) this.answer(asked, null);
  }

  #isStale(): boolean {
    if (this.#stale === 0) return false;
    this.#stale -= 1;
    return true;
  }

  #miss(asked: number): void {
    const index = this.#waiting.findIndex((each) => each.asked === asked);
    const [missed] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (missed === undefined) return;
    if (this.#deps.onDemand) this.#stale += missed.left;
    this.#deps.onMissing({ asked, count: missed.left, context: missed.context });
  }
}
