/** Waits for what another thread or process is about to do; throws, naming it, when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, limitMs = 5_000): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
