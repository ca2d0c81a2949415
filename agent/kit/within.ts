/** Waits for the work, but no longer: what hangs holds nobody up. Whether it was done in time. */
export async function within(limitMs: number, work: Promise<unknown> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const done = await Promise.race([Promise.resolve(work).then(() => true), limit]);
  clearTimeout(timer);
  return done;
}
