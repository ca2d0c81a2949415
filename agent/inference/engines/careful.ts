import { type EngineOptions, setupOf } from "../engine.js";
import { BuilderCrashed, buildEngine } from "./build.js";
import type { EngineStore, StoredEngine } from "./store.js";

/** An engine that ends the process that opens it: the agent's, were it opened there. */
export class EngineCrashes extends Error {}

export interface CarefulOptions {
  /** How the model is opened. */
  readonly engine: EngineOptions;
  readonly store: EngineStore;
  readonly key: string;
  /** How long a trial may take. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Does the work of opening and examining an engine. Where a process has ended at that, whoever ended it, the engine is tried by a process of its own
 * first: it takes some seconds of this start, and an agent that would end at every start is none.
 * @throws EngineCrashes; BuilderLost, Error of the trial, and what the work throws
 */
export async function carefully<Result>(
  { engine, store, key, limitMs, signal }: CarefulOptions,
  { path, sha256 }: StoredEngine,
  work: () => Promise<Result>,
): Promise<Result> {
  if (await store.wasBegun(key)) {
    const setup = { ...setupOf(engine), providers: ["tensorrt"], built: { path, sha256 } };
    await buildEngine({ setup, limitMs, signal, onProgress: () => undefined }).catch((error: unknown) => {
      if (error instanceof BuilderCrashed)
        throw new EngineCrashes(`it ends the process that opens it: ${error.message}`);
      throw error;
    });
  }
  // On a disk that takes nothing this start is as careless as it has to be.
  await store.beginOpening(key).catch(() => undefined);
  try {
    return await work();
  } finally {
    await store.endOpening(key).catch(() => undefined);
  }
}
