import { type InTurn, inTurns } from "../../kit/serial.js";
import { type EngineOptions, setupOf } from "../engine.js";
import { buildEngine } from "./build.js";
import type { EngineStore, StoredEngine } from "./store.js";

export interface EngineToMake {
  /** How the model is opened. */
  readonly engine: EngineOptions;
  readonly store: EngineStore;
  readonly key: string;
  /** How long its build may take. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Is told what is done at present, in words. */
  readonly onStep: (step: string) => void;
  /** Called when the build begins, after those of others. */
  readonly onBegin: () => void;
}

/** Of all models of this process: one GPU builds one engine at a time. */
const gpuTurn: InTurn = inTurns();

/**
 * Builds an engine and keeps it.
 * @throws Error why there is none: of buildEngine, NothingWritten, or what the file system answers
 */
export function madeEngine(options: EngineToMake): Promise<StoredEngine> {
  const { engine, store, key, limitMs, signal, onStep, onBegin } = options;
  onStep("its engine waits for that of another model");
  return gpuTurn(async () => {
    signal.throwIfAborted();
    // The same model by another name may have had it built meanwhile.
    const there = await store.find(key);
    if (there !== null) return there;
    onBegin();
    onStep("its engine is being built");
    const setup = { ...setupOf(engine), providers: ["tensorrt"], build: await store.begin(key) };
    try {
      await buildEngine({
        ...{ setup, signal, limitMs },
        onProgress: (said) =>
          onStep(
            said.kind === "waiting"
              ? "its engine waits for that of another agent"
              : `its engine is being built: ${said.done} of ${said.of} sizes of batch run`,
          ),
      });
      return await store.keep(key, engine.identity.sha256);
    } finally {
      await store.drop(key);
    }
  });
}
