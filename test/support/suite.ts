import { suite as uvuSuite } from "uvu";

type Test = ReturnType<typeof uvuSuite>;

/**
 * A uvu suite that cannot be silently green (uvu 0.5.6: a throw in `before` exits 0, a forgotten `.run()` runs nothing).
 * Every test file takes its suites from here; test/run.ts refuses files that do not.
 */
export function suite(name: string): Test {
  const test = uvuSuite(name);
  let ran = false;
  const run = test.run;
  test.run = () => {
    ran = true;
    run();
  };
  for (const hook of ["before", "after"] as const) {
    const register = test[hook];
    const guarded = ((callback: Parameters<typeof register>[0]) =>
      register(async (context) => {
        try {
          await callback(context);
        } catch (error) {
          console.error(`HOOK FAILED: ${hook} of "${name}":`, error);
          process.exitCode = 1;
          failedHooks += 1;
          throw error;
        }
      })) as typeof register;
    guarded.each = register.each;
    test[hook] = guarded;
  }
  process.on("exit", () => {
    if (!ran) {
      console.error(`SUITE NEVER RAN: "${name}" lacks .run()`);
      process.exitCode = 1;
    }
    if (failedHooks > 0) process.exitCode = 1;
  });
  return test;
}

let failedHooks = 0;
