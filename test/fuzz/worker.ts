/**
 * Tries inputs of one kind, one after the other, in a process of its own: a crash is the campaign's to see.
 * `node --expose-gc worker.js KIND SEED FROM TO`; tells of each on file descriptor 3, a JSON line each.
 */
import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { messageOf } from "../../errors.js";
import { inputsFrom } from "./batches.js";
import type { FuzzKind } from "./kind.js";
import { kinds } from "./kinds/index.js";
import type { Told } from "./told.js";

const [name = "", ...numbers] = process.argv.slice(2);
const [seed = 0, from = 0, to = 0] = numbers.map(Number);

async function selfTest(wanted: string): Promise<FuzzKind<never>> {
  return (await import("./kinds/self-test.js")).selfTests[wanted] as FuzzKind<never>;
}

function tell(told: Told): void {
  writeSync(3, `${JSON.stringify(told)}\n`);
}

const kind = await (kinds[name]?.() ?? selfTest(name));
const subject = await kind.open();
let index = from;
let input: unknown;

const found = (what: string) => tell({ kind: "finding", index, what, input: shown(input) });
process.on("uncaughtException", (error) => found(`uncaught: ${error.stack ?? error.message}`));
process.on("unhandledRejection", (reason) =>
  found(`unhandled: ${reason instanceof Error ? reason.stack : String(reason)}`),
);

function shown(value: unknown): string {
  const text = inspect(value, { depth: 6, maxArrayLength: 200, maxStringLength: 2_000, breakLength: 200 });
  return text.slice(0, 4_000);
}

for (input of inputsFrom(kind.inputs, seed, from, to)) {
  tell({ kind: "at", index });
  const begunMs = performance.now();
  try {
    const verdict = await subject.tryOne(input as never);
    tell({ kind: "done", verdict });
  } catch (error) {
    found(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  }
  const tookMs = performance.now() - begunMs;
  if (tookMs > kind.limitMs) found(`took ${Math.round(tookMs)} ms, the limit is ${kind.limitMs}`);
  index += 1;
  if (index % 200 === 0) {
    // Rejections that nobody waits for come between two turns.
    await new Promise((resolve) => setImmediate(resolve));
    global.gc?.();
    tell({ kind: "memory", index, rssMb: process.memoryUsage.rss() / 1_048_576 });
  }
}
await new Promise((resolve) => setImmediate(resolve));
await subject.close();
tell({ kind: "end" });
// What an input left open must not keep the campaign; it shows as growth.
process.exit(0);
