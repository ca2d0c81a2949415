import fc from "fast-check";
import { type FuzzKind, requireCode, TAKEN } from "../kind.js";

/** Kinds that go wrong at their second input, to try the campaign itself. */
function second(name: string, goWrong: () => Promise<string>): FuzzKind<number> {
  let tried = 0;
  return {
    name,
    inputs: fc.nat(),
    limitMs: 60_000,
    open: async () => ({
      tryOne: () => {
        tried += 1;
        // After a crash the next process begins with the third.
        return tried === 2 && Number(process.argv[4]) === 0 ? goWrong() : TAKEN;
      },
      close: async () => undefined,
    }),
  };
}

const kept: Buffer[] = [];

export const selfTests: Readonly<Record<string, FuzzKind<number>>> = {
  "self-test-crash": second("crash", async () => {
    process.kill(process.pid, "SIGSEGV");
    return new Promise(() => undefined);
  }),
  "self-test-hang": second("hang", async () => {
    for (;;);
  }),
  "self-test-growth": second("growth", async () => {
    for (;;) {
      kept.push(Buffer.alloc(67_108_864, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }),
  "self-test-code": second("code", async () => requireCode("no such thing")),
  "self-test-rejection": second("rejection", async () => {
    void Promise.reject(new Error("nobody waits"));
    await new Promise((resolve) => setImmediate(resolve));
    return TAKEN;
  }),
};
