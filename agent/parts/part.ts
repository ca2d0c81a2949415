import type { Context, PartVerdict, Region, Verdict } from "../types.js";
import type { PartPolicy } from "./policy.js";

/** One part, when all of its pictures are judged. */
export interface Part {
  readonly verdict: PartVerdict;
  /** The worst of its pictures; null where none was judged. */
  readonly worst: Verdict | null;
  /** The inspection that it was asked for by, null where it was not. */
  readonly asked: number | null;
  /** Whether a picture is wanted that shows what its verdict is about. */
  readonly isPictured: boolean;
}

/** A picture of a part that is not judged, and why not. */
export interface Unjudged {
  /** A stable code, a colon, a sentence. */
  readonly reason: string;
  readonly frame: number | null;
  readonly file?: string;
}

/** A picture of a part as it was captured. */
export interface Captured {
  /** Wall clock, epoch milliseconds. */
  readonly tsMs: number;
  /** Monotonic: when it left the camera; null where it never came. */
  readonly atMs: number | null;
  readonly context: Context | null;
  readonly asked: number | null;
}

export interface PartDeps {
  readonly camera: string;
  readonly policy: PartPolicy;
  readonly regionsOf: (verdict: Verdict) => readonly Region[];
  /** Why pictures that look good may not be: the model is known to see no defects; null where nothing is known. */
  readonly fault: () => string | null;
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
}

/** The part in front of a camera: what its pictures, judged or not, make of it. Holds the worst of them alone. */
export class OpenPart {
  readonly #deps: PartDeps;
  /** What the line's control called it, with the context in which it did. */
  readonly #named: Context | null;
  #worst: Verdict | null = null;
  #unjudged: Unjudged | null = null;
  #frames = 0;
  #pictures = 0;
  #first: Captured | null = null;
  #last: Captured | null = null;

  constructor(deps: PartDeps, named: Context | null = null) {
    this.#deps = deps;
    this.#named = named;
  }

  /** Of its pictures, judged or not. */
  get pictures(): number {
    return this.#pictures;
  }

  judged(verdict: Verdict, captured: Captured): void {
    this.#add(captured);
    this.#frames += 1;
    if (this.#worst === null || excess(verdict) > excess(this.#worst)) this.#worst = verdict;
  }

  unjudged(unjudged: Unjudged, captured: Captured): void {
    this.#add(captured);
    this.#unjudged ??= unjudged;
  }

  /** A bad picture decides, whatever another one would have shown; else one that is missing does. @param count which part it is */
  close(count: number): Omit<Part, "isPictured"> {
    const { camera, policy, clock, regionsOf } = this.#deps;
    const worst = this.#worst;
    const isBad = worst?.anomalous === true;
    const atMs = this.#last?.atMs ?? null;
    const latencyMs = atMs === null ? null : Math.max(0, clock.monotonicMs() - atMs);
    const late = latencyMs !== null && policy.deadlineMs !== null && latencyMs > policy.deadlineMs;
    const reason = this.#reason(isBad, late && policy.lateIsUnknown);
    const context = this.#named ?? this.#last?.context ?? null;
    const shown = worst?.inspection.frame ?? null;
    const file = shown?.file ?? this.#unjudged?.file;
    return {
      worst,
      asked: this.#last?.asked ?? null,
      verdict: {
        camera,
        part: nameIn(context) ?? count,
        verdict: reason !== null ? "unknown" : isBad ? "ng" : "ok",
        reason,
        unknownIs: reason === null ? null : policy.unknownIs,
        tsMs: this.#first?.tsMs ?? clock.wallMs(),
        score: worst?.inspection.score ?? null,
        threshold: worst?.threshold.value ?? null,
        frames: this.#frames,
        frame: shown?.number ?? this.#unjudged?.frame ?? null,
        ...(file === undefined ? {} : { file }),
        regions: isBad && worst !== null ? regionsOf(worst) : [],
        latencyMs,
        deadlineMs: policy.deadlineMs,
        late,
        model: worst?.inspection.model ?? null,
        context,
      },
    };
  }

  #reason(isBad: boolean, tooLate: boolean): string | null {
    if (tooLate) return "late: the verdict came after the deadline";
    if (isBad) return null;
    if (this.#unjudged !== null) return this.#unjudged.reason;
    const fault = this.#deps.fault();
    if (fault !== null) return `faulted: ${fault}`;
    return this.#worst === null ? "no-picture: no picture of the part came" : null;
  }

  #add(captured: Captured): void {
    this.#pictures += 1;
    this.#first ??= captured;
    // A picture that never came does not say when the last one was taken.
    if (captured.atMs !== null || this.#last === null || this.#last.atMs === null) this.#last = captured;
  }
}

/** What the line's control calls the part; null where it does not. */
export function nameIn(context: Context | null): string | number | null {
  const part = context?.part;
  return typeof part === "string" || typeof part === "number" ? part : null;
}

/** How far a score lies above its threshold: the threshold may change between two pictures. */
function excess({ inspection, threshold }: Verdict): number {
  return inspection.score - threshold.value;
}
