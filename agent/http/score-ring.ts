import type { ScoreHistory } from "../contract/live-events.js";

/** A frame's score, held against its threshold. */
export interface Scored {
  /** Wall clock, epoch milliseconds. */
  readonly atMs: number;
  readonly score: number;
  readonly threshold: number;
}

const STEP_MS = 1_000;
/** An hour: 100 KB a camera, always there, since who opens the page after an alert asks what came before it. */
const STEPS = 3_600;

/** The scores of a camera in the last hour, by seconds: their lowest and highest, so that no peak is thinned away. */
export class ScoreRing {
  /** Seconds since 1970 that a place stands for; 0: for none yet. */
  readonly #second = new Float64Array(STEPS);
  readonly #min = new Float32Array(STEPS);
  readonly #max = new Float32Array(STEPS);
  readonly #threshold = new Float32Array(STEPS);
  readonly #frames = new Uint32Array(STEPS);
  readonly #anomalous = new Uint32Array(STEPS);

  saw({ atMs, score, threshold }: Scored): void {
    const second = Math.floor(atMs / STEP_MS);
    const at = ((second % STEPS) + STEPS) % STEPS;
    if (this.#second[at] !== second) {
      this.#second[at] = second;
      this.#min[at] = score;
      this.#max[at] = score;
      this.#frames[at] = 0;
      this.#anomalous[at] = 0;
    }
    if (score < this.#min[at]!) this.#min[at] = score;
    if (score > this.#max[at]!) this.#max[at] = score;
    this.#threshold[at] = threshold;
    this.#frames[at]! += 1;
    if (score > threshold) this.#anomalous[at]! += 1;
  }

  /** What lies within the last `seconds` before `nowMs`, epoch milliseconds; `stepS` seconds make one step. */
  history(nowMs: number, seconds: number, stepS = 1): ScoreHistory {
    const last = Math.floor(nowMs / STEP_MS);
    // Steps begin at whole multiples, so that they are the same whenever somebody asks.
    const first = Math.floor((last - Math.min(seconds, STEPS) + 1) / stepS) * stepS;
    const steps: Step[] = [];
    for (let from = first; from <= last; from += stepS) {
      const step = this.#step(from, Math.min(from + stepS - 1, last));
      if (step !== null) steps.push(step);
    }
    return {
      stepMs: stepS * STEP_MS,
      atMs: steps.map(({ atMs }) => atMs),
      min: steps.map(({ min }) => shortened(min)),
      max: steps.map(({ max }) => shortened(max)),
      threshold: steps.map(({ threshold }) => shortened(threshold)),
      frames: steps.map(({ frames }) => frames),
      anomalous: steps.map(({ anomalous }) => anomalous),
    };
  }

  /** The seconds from `from` to `to` as one; null where nothing was judged. */
  #step(from: number, to: number): Step | null {
    let step: Step | null = null;
    for (let second = from; second <= to; second += 1) {
      const at = second % STEPS;
      if (this.#second[at] !== second) continue;
      step ??= { atMs: from * STEP_MS, min: Infinity, max: -Infinity, threshold: 0, frames: 0, anomalous: 0 };
      step.min = Math.min(step.min, this.#min[at]!);
      step.max = Math.max(step.max, this.#max[at]!);
      step.threshold = this.#threshold[at]!;
      step.frames += this.#frames[at]!;
      step.anomalous += this.#anomalous[at]!;
    }
    return step;
  }
}

interface Step {
  readonly atMs: number;
  min: number;
  max: number;
  threshold: number;
  frames: number;
  anomalous: number;
}

/** A score to five digits: what a chart shows, in a third of the characters. */
export function shortened(score: number): number {
  if (score === 0 || !Number.isFinite(score)) return score;
  const unit = 10 ** (4 - Math.floor(Math.log10(Math.abs(score))));
  return Math.round(score * unit) / unit;
}
