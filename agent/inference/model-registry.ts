import type { Config } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { MOST_IN_FLIGHT } from "./demand.js";
import type { LoadedModel, LoadOptions } from "./load.js";

/** The models in use: each is loaded once, however many cameras share it. */
export interface ModelShelf {
  /** Rejects, for every camera that asks, when the model cannot be loaded. */
  get(model: string): Promise<LoadedModel>;
  /** By the name that cameras refer to. */
  readonly loaded: ReadonlyMap<string, LoadedModel>;
  /** Those still loading are closed once they are there. */
  close(): Promise<void>;
}

export function modelShelf(
  config: Config,
  load: (dir: string, options: LoadOptions) => Promise<LoadedModel>,
  onRestart: (model: string, reason: string) => void,
): ModelShelf {
  const asked = new Map<string, Promise<LoadedModel>>();
  const loaded = new Map<string, LoadedModel>();
  let closed = false;
  const fetch = async (name: string): Promise<LoadedModel> => {
    const entry = config.models[name];
    if (entry === undefined) {
      throw new CodedError("MODEL_UNKNOWN", `no model is named ${name}`, {
        at: "models",
        remedy: `Add models.${name}.path, or name another model in the camera.`,
      });
    }
    const sharing = config.cameras.filter((camera) => camera.enabled && camera.model === name).length;
    const model = await load(entry.path, {
      inference: config.inference,
      mostWaiting: sharing * MOST_IN_FLIGHT,
      onRestart: (reason) => onRestart(name, reason),
    });
    loaded.set(name, model);
    if (closed) await model.engine.close();
    return model;
  };
  return {
    loaded,
    get(name) {
      const known = asked.get(name);
      if (known !== undefined) return known;
      const coming = fetch(name);
      asked.set(name, coming);
      // Whoever asks later tries again: a broken bundle may have been mended.
      coming.catch(() => asked.delete(name));
      return coming;
    },
    async close() {
      closed = true;
      await Promise.all([...loaded.values()].map(({ engine }) => engine.close()));
    },
  };
}
