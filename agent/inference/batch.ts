/**
 * The batch sizes an engine uses: powers of two up to `maxBatch`. Each distinct shape costs a warm-up (and on a GPU an
 * engine or an algorithm search), so there are few of them.
 */
export function batchSizes(maxBatch: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= Math.max(1, maxBatch); size *= 2) sizes.push(size);
  return sizes;
}

/** The largest of the ascending `sizes` that `waiting` frames can fill; 0 when none waits. */
export function nextBatch(waiting: number, sizes: readonly number[]): number {
  return sizes.findLast((size) => size <= waiting) ?? 0;
}
