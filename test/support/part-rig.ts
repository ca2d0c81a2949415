import type { Part, PartDeps } from "../../agent/parts/part.js";
import { type PartCue, PartLife } from "../../agent/parts/part-life.js";
import type { PartPolicy } from "../../agent/parts/policy.js";
import type { Context, PartVerdict } from "../../agent/types.js";
import { greyFrame } from "./frames.js";
import { model } from "./verdicts.js";

/** Each picture is a part, and each trigger counts. */
export const FRAME: PartPolicy = {
  per: { kind: "frames", frames: 1 },
  countsDropped: true,
  onInspect: false,
  deadlineMs: null,
  lateIsUnknown: false,
  unknownIs: "ng",
  closeAfterMs: null,
  pictures: { ng: true, okEvery: 0 },
};
export const PER_CONTEXT: PartPolicy = { ...FRAME, per: { kind: "context" } };

/** A camera's parts in tests: cues by short names, and what came of them. */
export class PartRig {
  nowMs = 1_000;
  fault: string | null = null;
  readonly seen: PartVerdict[] = [];
  /** Whether each of them is to have a picture. */
  readonly pictured: boolean[] = [];
  readonly life: PartLife;

  constructor(policy: Partial<PartPolicy> = {}) {
    const deps: PartDeps = {
      camera: "cam1",
      policy: { ...FRAME, ...policy },
      regionsOf: () => [{ x: 1, y: 2, width: 3, height: 4, area: 12, score: 0.9 }],
      fault: () => this.fault,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_700_000_000_000 },
    };
    this.life = new PartLife(deps);
  }

  comes(number: number, context?: Context): void {
    this.#follow({ kind: "frame", camera: "cam1", frame: this.#frame(number, context) });
  }

  judged(number: number, score: number): void {
    const frame = this.#frame(number);
    const inspection = { frame, score, map: new Float32Array(1), model, queueMs: 0, inferenceMs: 0 };
    const threshold = { value: 0.5, calibration: null };
    this.#follow({ kind: "judged", verdict: { inspection, threshold, anomalous: score > 0.5 } });
  }

  fails(number: number): void {
    const reason = "the picture is black";
    this.#follow({ kind: "unjudged", failure: { frame: this.#frame(number), code: "IMAGE_BLACK", reason } });
  }

  drops(count: number): void {
    this.#follow({ kind: "dropped", camera: "cam1", reason: "newer-frame", count });
  }

  unreadable(): void {
    this.#follow({ kind: "failed", camera: "cam1", code: "IMAGE_UNREADABLE", reason: "no picture" });
  }

  says(part: string | null): void {
    this.#follow({ kind: "context", context: part === null ? null : { part } });
  }

  tick(): void {
    this.#follow({ kind: "tick" });
  }

  ends(): void {
    this.#see(this.life.end());
  }

  get short(): string[] {
    return this.seen.map(({ part, verdict }) => `${part} ${verdict}`);
  }

  #follow(cue: PartCue): void {
    this.#see(this.life.follow(cue));
  }

  #see(parts: readonly Part[]): void {
    this.seen.push(...parts.map(({ verdict }) => verdict));
    this.pictured.push(...parts.map(({ isPictured }) => isPictured));
  }

  #frame(number: number, context?: Context) {
    const rest = context === undefined ? {} : { context };
    return greyFrame(0, undefined, { number, availableAtMs: this.nowMs, captureMs: 5, ...rest });
  }
}
