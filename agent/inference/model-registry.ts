import { join } from "node:path";
import { type Observable, Subject } from "rxjs";
import type { Config, SelfTestConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import type { Size } from "../types.js";
import { MOST_IN_FLIGHT } from "./demand.js";
import { EngineStore } from "./engines/store.js";
import type { LoadedModel, LoadOptions } from "./load.js";
import type { KnownPicture } from "./precision.js";

/** The registry of the models in use: each is loaded once, however many cameras share it. */
export interface ModelRegistry {
  /** The model of this name, loaded when it is first wanted. Rejects when it cannot be loaded, and is tried again by the next that wants it. */
  get(model: string): Promise<LoadedModel>;
  /** The loaded models by the name that cameras refer to. */
  readonly loaded: ReadonlyMap<string, LoadedModel>;
  /** Each time that a model's thread died or was given up. */
  readonly restarts$: Observable<{ readonly model: string; readonly reason: string }>;
  /** The state folder is this process's, and no other agent's: engines may be built in it from now on. */
  mayBuild(): void;
  /** Closes the models; those that still load are closed once they are there. */
  close(): Promise<void>;
}

export function modelRegistry(
  config: Config,
  load: (dir: string, options: LoadOptions) => Promise<LoadedModel>,
  golden: (selfTest: SelfTestConfig, size: Size, mostOfAKind: number) => AsyncIterable<KnownPicture>,
): ModelRegistry {
  const requested = new Map<string, Promise<LoadedModel>>();
  const loaded = new Map<string, LoadedModel>();
  const restarts$ = new Subject<{ readonly model: string; readonly reason: string }>();
  let closed = false;
  const store = new EngineStore(join(config.state.path, "engines"));
  store.hold();
  const fetch = async (name: string): Promise<LoadedModel> => {
    const entry = config.models[name];
    if (entry === undefined) {
      throw new CodedError("MODEL_UNKNOWN", `no model is named ${name}`, {
        at: "models",
        remedy: `Add models.${name}.path, or name another model in the camera.`,
      });
    }
    const { selfTest } = entry;
    const sharing = config.cameras.filter((camera) => camera.enabled && camera.model === name).length;
    const model = await load(entry.path, {
      inference: config.inference,
      lowered: entry.lowered ?? {},
      golden: selfTest === undefined ? null : (size, mostOfAKind) => golden(selfTest, size, mostOfAKind),
      engines: { store, build: true },
      mostWaiting: sharing * MOST_IN_FLIGHT,
      onRestart: (reason) => restarts$.next({ model: name, reason }),
    });
    loaded.set(name, model);
    if (closed) await model.engine.close();
    return model;
  };
  return {
    loaded,
    restarts$,
    mayBuild: () => store.mayBuild(),
    get(name) {
      const known = requested.get(name);
      if (known !== undefined) return known;
      const loading = fetch(name);
      requested.set(name, loading);
      // The next one tries again: a broken bundle may have been mended.
      loading.catch(() => requested.delete(name));
      return loading;
    },
    async close() {
      closed = true;
      await Promise.all([...loaded.values()].map(({ engine }) => engine.close()));
    },
  };
}
