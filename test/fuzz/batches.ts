import fc from "fast-check";

const BATCH = 250;

/** The inputs of a seed from an index on, each the same whatever was drawn before it. */
export function* inputsFrom<Input>(
  arbitrary: fc.Arbitrary<Input>,
  seed: number,
  from: number,
  to: number,
): Generator<Input> {
  for (let index = from; index < to; ) {
    const batch = Math.floor(index / BATCH);
    const drawn = fc.sample(arbitrary, { seed: (seed + batch * 7_919) | 0, numRuns: BATCH });
    for (; index < to && Math.floor(index / BATCH) === batch; index += 1) yield drawn[index % BATCH]!;
  }
}
