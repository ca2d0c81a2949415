/** The thread of a builder that TensorRT builds in. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../../errors.js";
import { loadBinding } from "../binding.js";
import { readNetwork } from "../network.js";
import type { WorkerSetup } from "../protocol.js";
import { chooseProvider } from "../providers/choose.js";
import type { BuildMessage } from "./build-messages.js";
import { readEngine } from "./engine-file.js";

const setup = workerData as WorkerSetup;
const say = (message: BuildMessage): void => parentPort!.postMessage(message);

/**
 * Opens the model and runs each size of batch. The largest first, and then the smallest: where the sizes cannot be told beforehand, TensorRT
 * widens what it has built to each that it has not seen.
 */
async function build(): Promise<void> {
  const { width, height } = setup.input;
  const model = await readNetwork(setup);
  const file = setup.built ?? null;
  const built = file === null ? null : () => readEngine(file);
  const { session } = await chooseProvider(setup.providers, loadBinding(), model, setup, built);
  const [most = 1, ...others] = setup.batchSizes.toReversed();
  const sizes = [most, ...others.toReversed()];
  for (const [done, size] of sizes.entries()) {
    say({ kind: "progress", done, of: sizes.length });
    await session.infer(Array.from({ length: size }, () => new ArrayBuffer(width * height * 3)));
  }
  await session.close();
  say({ kind: "built" });
}

build().catch((error: unknown) => say({ kind: "refused", reason: messageOf(error) }));
