import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeApart } from "../onnx/parts.js";
import { openSession } from "../onnx/session.js";

/** How often each operator is in a model as ONNX Runtime computes it on this machine's CPU, after all of its fusions. */
export async function operatorsOf(model: Uint8Array): Promise<Readonly<Record<string, number>>> {
  const dir = await mkdtemp(join(tmpdir(), "retort-operators-"));
  try {
    const optimisedPath = join(dir, "model.onnx");
    const session = await openSession(model, { threads: 1, optimisedPath });
    await session.close();
    const counts: Record<string, number> = {};
    for (const { opType = "" } of takeApart(await readFile(optimisedPath)).nodes)
      counts[opType] = (counts[opType] ?? 0) + 1;
    return counts;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
