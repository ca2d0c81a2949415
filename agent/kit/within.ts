/**
 * Waits for the work, but no longer than `limitMs`: what hangs holds nobody up.
 * @returns whether it was done in time
 * @throws what the work throws in time
 */
export async function within(limitMs: number, work: Promise<unknown> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([Promise.resolve(work).then(() => true), limit]);
  } finally {
    clearTimeout(timer);
  }
}
