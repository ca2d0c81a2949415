import type { CameraEvent, Context, Frame, InspectionFailure, PartOutcome, Verdict } from "../types.js";
import type { MissingPictures } from "./inspections.js";
import { type Captured, nameIn, OpenPart, type Part, type PartDeps, type Unjudged } from "./part.js";

/** What happens to a part, in the order in which it does. */
export type PartCue =
  /** A picture came, and is being judged. */
  | Extract<CameraEvent, { kind: "frame" | "dropped" | "failed" }>
  | { readonly kind: "judged"; readonly verdict: Verdict }
  | { readonly kind: "unjudged"; readonly failure: InspectionFailure }
  /** The line's control said something of the part. */
  | { readonly kind: "context"; readonly context: Context | null }
  /** An inspection was asked for, and pictures of it did not come. */
  | ({ readonly kind: "missing" } & MissingPictures)
  /** Time goes by. */
  | { readonly kind: "tick" };

/** A picture in its place among those before and after it. */
interface Shot extends Captured {
  /** Null where it never came. */
  readonly frame: number | null;
  /** Null while it is being judged. */
  fate: Verdict | Unjudged | null;
}

/** In the place where one part of `context` ends and the next one begins. */
interface Boundary {
  /** Null: no part follows. */
  readonly next: Context | null;
}

/** Counts of verdicts since the start. */
export type PartCounts = Readonly<Record<PartOutcome | "late", number>>;

/**
 * The parts of one camera, each judged when all of its pictures are: in the order in which the pictures were captured, however
 * long one of them takes to be judged. Outlives the camera's restarts.
 */
export class PartLife {
  readonly #deps: PartDeps;
  readonly #counts = { ok: 0, ng: 0, unknown: 0, late: 0 };
  /** What is not yet of a part, the oldest first. */
  readonly #waiting: (Shot | Boundary)[] = [];
  /** By frame's number: those among them that are being judged. */
  readonly #beingJudged = new Map<number, Shot>();
  #open: OpenPart | null = null;
  /** The name that the line's control said last, and when; monotonic. */
  #named: { readonly name: string | number | null; readonly atMs: number } = { name: null, atMs: 0 };
  #isOver = true;
  #count = 0;

  constructor(deps: PartDeps) {
    this.#deps = deps;
  }

  get counts(): PartCounts {
    return { ...this.#counts };
  }

  /** The parts that are known by this. */
  follow(cue: PartCue): readonly Part[] {
    switch (cue.kind) {
      case "frame":
        this.#enter(cue.frame);
        break;
      case "dropped":
        if (this.#deps.policy.countsDropped) {
          this.#miss(cue.count, { reason: `dropped: the picture was not judged (${cue.reason})`, frame: null });
        }
        break;
      case "failed":
        if (cue.number !== undefined) this.#name(cue.context ?? null);
        this.#miss(1, { reason: `${cue.code}: ${cue.reason}`, frame: cue.number ?? null, ...fileOf(cue) }, cue);
        break;
      case "judged":
        this.#settle(cue.verdict.inspection.frame.number, cue.verdict);
        break;
      case "unjudged": {
        const { frame, code, reason } = cue.failure;
        this.#settle(frame.number, { reason: `${code}: ${reason}`, frame: frame.number, ...fileOf(frame) });
        break;
      }
      case "missing":
        this.#miss(cue.count, { reason: "no-picture: no picture came in time", frame: null }, cue);
        break;
      case "context":
        this.#name(cue.context);
        break;
      case "tick":
        this.#closeByTime();
    }
    return this.#flush();
  }

  /** The camera is no longer watched: what is not judged by now never will be. */
  end(): readonly Part[] {
    for (const shot of this.#beingJudged.values()) {
      shot.fate = { reason: "stopped: the camera was stopped before the picture was judged", frame: shot.frame };
    }
    this.#beingJudged.clear();
    const parts = [...this.#flush()];
    if (this.#open !== null) {
      const at = { tsMs: this.#deps.clock.wallMs(), atMs: null, context: null, asked: null };
      this.#open.unjudged({ reason: "stopped: the camera was stopped before the part was over", frame: null }, at);
      parts.push(this.#close(this.#open));
    }
    // The part that is named has had its verdict: its pictures that are yet to come make no second one.
    this.#isOver = true;
    return parts;
  }

  get #perContext(): boolean {
    return this.#deps.policy.per.kind === "context";
  }

  #enter(frame: Frame): void {
    const context = frame.context ?? null;
    // One that was named before the camera was watched.
    this.#name(context);
    const asked = frame.asked ?? null;
    if (this.#isOfNoPart(asked)) return;
    const atMs = frame.availableAtMs - frame.captureMs;
    const shot: Shot = { frame: frame.number, tsMs: frame.capturedAtMs, atMs, context, asked, fate: null };
    this.#waiting.push(shot);
    this.#beingJudged.set(frame.number, shot);
  }

  #miss(count: number, fate: Unjudged, of: { readonly asked?: number; readonly context?: Context | null } = {}): void {
    const { asked = null, context = null } = of;
    if (this.#isOfNoPart(asked)) return;
    const tsMs = this.#deps.clock.wallMs();
    for (let n = 0; n < count; n += 1) {
      this.#waiting.push({ frame: null, tsMs, atMs: null, context, asked, fate });
    }
  }

  #isOfNoPart(asked: number | null): boolean {
    return this.#perContext ? this.#isOver : this.#deps.policy.onInspect && asked === null;
  }

  #settle(frame: number, fate: Verdict | Unjudged): void {
    const shot = this.#beingJudged.get(frame);
    if (shot === undefined) return;
    this.#beingJudged.delete(frame);
    shot.fate = fate;
  }

  #name(context: Context | null): void {
    if (!this.#perContext) return;
    const name = nameIn(context);
    if (name === this.#named.name) return;
    this.#named = { name, atMs: this.#deps.clock.monotonicMs() };
    this.#isOver = name === null;
    this.#waiting.push({ next: name === null ? null : context });
  }

  #closeByTime(): void {
    const { policy, clock } = this.#deps;
    if (policy.closeAfterMs === null || this.#isOver) return;
    if (clock.monotonicMs() - this.#named.atMs < policy.closeAfterMs) return;
    this.#isOver = true;
    this.#waiting.push({ next: null });
  }

  /** Takes in what is known from the oldest on. */
  #flush(): readonly Part[] {
    const parts: Part[] = [];
    for (;;) {
      const [head] = this.#waiting;
      if (head === undefined || ("fate" in head && head.fate === null)) return parts;
      this.#waiting.shift();
      parts.push(...("fate" in head ? this.#add(head) : this.#pass(head)));
    }
  }

  #pass({ next }: Boundary): readonly Part[] {
    const parts = this.#open === null ? [] : [this.#close(this.#open)];
    this.#open = next === null ? null : new OpenPart(this.#deps, next);
    return parts;
  }

  #add(shot: Shot): readonly Part[] {
    const { policy } = this.#deps;
    this.#open ??= new OpenPart(this.#deps);
    const { fate } = shot;
    if (fate !== null && "inspection" in fate) this.#open.judged(fate, shot);
    else if (fate !== null) this.#open.unjudged(fate, shot);
    const isWhole = policy.per.kind === "frames" && this.#open.pictures >= policy.per.frames;
    return isWhole ? [this.#close(this.#open)] : [];
  }

  #close(open: OpenPart): Part {
    this.#open = null;
    this.#count += 1;
    const part = open.close(this.#count);
    this.#counts[part.verdict.verdict] += 1;
    if (part.verdict.late) this.#counts.late += 1;
    return { ...part, isPictured: this.#isPictured(part.verdict.verdict) };
  }

  #isPictured(verdict: PartOutcome): boolean {
    const { ng, okEvery } = this.#deps.policy.pictures;
    if (verdict === "ng") return ng;
    return verdict === "ok" && okEvery > 0 && this.#counts.ok % okEvery === 0;
  }
}

function fileOf({ file }: { readonly file?: string }): Pick<Unjudged, "file"> {
  return file === undefined ? {} : { file };
}
