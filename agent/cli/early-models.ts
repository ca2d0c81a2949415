import type { Config } from "../../config/types.js";
import { isEnabled } from "../commands/in-force.js";
import { peekSettings } from "../commands/settings.js";
import { loadModel } from "../inference/load.js";
import { type ModelRegistry, modelRegistry } from "../inference/model-registry.js";
import { goldenPictures } from "../self-test/golden-pictures.js";

/**
 * Begins to load the models that cameras need, each in its thread, while this one still loads the agent's code and opens its state. What
 * cannot be loaded is said by the camera that asks for it.
 */
export async function earlyModels(config: Config): Promise<ModelRegistry> {
  const settings = await peekSettings(config.state.path);
  const models = modelRegistry(config, loadModel, goldenPictures);
  for (const camera of config.cameras) {
    if (isEnabled(camera, settings)) void models.get(camera.model).catch(() => undefined);
  }
  return models;
}
