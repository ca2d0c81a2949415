import type { PrecisionLoss } from "../bundle/bundle.js";
import { deviation } from "../judging/statistics.js";

/** What a bundle of a lower precision is held against. */
export interface Outcome {
  /** Scores of good pictures by the float32 model and by the lower one, in the same order. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly lost: PrecisionLoss | null;
  /** Pictures a second of the float32 model and of the lower one. */
  readonly floatFps: number;
  readonly lowerFps: number;
  /** Whether the CPU is what the precision is for. */
  readonly forCpu: boolean;
}

/** As much of AUROC and AUPRO is lost at most without a warning. */
const MOST_LOST = 0.01;
/** Scores of good pictures that rounding moves by more than this share of how far they lie apart are no longer those scores. */
const MOST_MOVED = 0.5;

/** Why somebody should think twice before deploying it, in words; none where all is well. */
export function doubtsAbout({ before, after, lost, floatFps, lowerFps, forCpu }: Outcome): readonly string[] {
  const spread = deviation(before);
  const moved = deviation(after.map((score, index) => score - before[index]!));
  const figures = [
    ["image AUROC", lost?.image],
    ["pixel AUROC", lost?.pixel],
    ["AUPRO", lost?.aupro],
  ] as const;
  const worse = figures.flatMap(([name, share]) =>
    (share ?? 0) > MOST_LOST ? [`${(100 * share!).toFixed(1)} points of ${name}`] : [],
  );
  const remedy = "a smaller --map-error leaves more layers float32";
  return [
    ...(worse.length === 0 ? [] : [`it lost ${worse.join(", ")}: ${remedy}`]),
    ...(moved > MOST_MOVED * spread && moved > 0
      ? [
          `scores of good pictures moved by ${moved.toPrecision(2)} against each other, and lay ${spread.toPrecision(2)} apart ` +
            `(one standard deviation each): hold it against defects with --data; ${remedy}`,
        ]
      : []),
    ...(forCpu && lowerFps < floatFps ? ["it is slower than the float32 bundle on this machine"] : []),
  ];
}
