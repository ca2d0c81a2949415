import { type TrivialModel, writeTrivialBundle } from "../../agent/bench/trivial-model.js";
import { temporaryFolder } from "./config.js";

/** Writes the trivial model, 16 x 16 unless given, as a bundle into a temporary folder, and yields the folder. */
export async function writeTinyBundle(model: Partial<TrivialModel> = {}): Promise<string> {
  const bundle = await writeTrivialBundle(temporaryFolder(), {
    width: 16,
    height: 16,
    threshold: 0.5,
    name: "tiny",
    ...model,
  });
  return bundle.dir;
}
