/** Which detectors an ablation trains, and on which pictures. */

/** One training of the ablation. */
export interface Run {
  /** The data set's folder name. */
  readonly set: string;
  readonly seed: number;
  /** Side of the square input, pixels. */
  readonly size: number;
  /** Good pictures drawn from the set; null: all of them. */
  readonly pictures: number | null;
  /** Defective pictures put among the good ones, as a share of them. */
  readonly planted: number;
}

/** What of the plan is wanted. */
export interface PlanOptions {
  readonly sets: readonly string[];
  /** The first one is the one of the rows that have only one. */
  readonly seeds: readonly number[];
  readonly planted: readonly number[];
  readonly pictures: readonly number[];
  readonly sizes: readonly number[];
}

/** Side of the input, pixels, where no other is wanted. */
export const SIZE = 256;

/**
 * The trainings, those first that matter most, so that a plan that is cut short has its main rows: each set whole with each seed, then with
 * defects planted, from few pictures, and at other sizes.
 */
export function detectionPlan({ sets, seeds, planted, pictures, sizes }: PlanOptions): readonly Run[] {
  const first = seeds.slice(0, 1);
  const runs = (part: Partial<Run>, over: readonly number[]): readonly Run[] =>
    over.flatMap((seed) => sets.map((set) => ({ set, seed, size: SIZE, pictures: null, planted: 0, ...part })));
  return [
    ...runs({}, first),
    ...planted.flatMap((share) => runs({ planted: share }, first)),
    ...pictures.flatMap((count) => runs({ pictures: count }, first)),
    ...runs({}, seeds.slice(1)),
    ...sizes.flatMap((size) => runs({ size }, first)),
    ...planted.flatMap((share) => runs({ planted: share }, seeds.slice(1))),
    ...pictures.flatMap((count) => runs({ pictures: count }, seeds.slice(1))),
  ];
}

/** The runs of each design, those of the first seed first: on every set, at each size, from each number of pictures (none named: all). */
export function designPlan({ sets, seeds, pictures, sizes }: Omit<PlanOptions, "planted">): readonly Run[] {
  const counts = pictures.length === 0 ? [null] : pictures;
  return seeds.flatMap((seed) =>
    sizes.flatMap((size) =>
      counts.flatMap((count) => sets.map((set) => ({ set, seed, size, pictures: count, planted: 0 }))),
    ),
  );
}

/** A run's name, which is also its file's. */
export function nameOf({ set, seed, size, pictures, planted }: Run): string {
  const parts = [set, pictures === null ? "all" : `n${pictures}`, `p${planted * 100}`, `${size}px`, `seed${seed}`];
  return parts.join("-");
}
