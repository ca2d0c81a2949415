import { MOST_STUCK, stuckThreads } from "../inference/stuck.js";
import { backoffMs } from "../kit/backoff.js";

/** The disk that a model lies on may come, and a broken bundle be mended. */
const AGAIN = { firstMs: 1_000, mostMs: 300_000 };

export interface ModelTriesOptions<Model> {
  readonly load: () => Promise<Model>;
  /** What it throws is a failure, too. */
  readonly onLoaded: (model: Model) => void;
  readonly onFailed: (error: unknown) => void;
}

export interface ModelTries {
  /** When the first try is over. Never rejects. */
  readonly tried: Promise<void>;
  /** Tries no more, and tells of nothing any more. */
  stop(): void;
}

/** Loads a model; one that cannot be loaded is tried again, after a second at first and every five minutes in the end. */
export function modelTries<Model>({ load, onLoaded, onFailed }: ModelTriesOptions<Model>): ModelTries {
  let failures = 0;
  let again: NodeJS.Timeout | undefined;
  let isOver = false;
  const attempt = async (): Promise<void> => {
    try {
      const model = await load();
      if (!isOver) onLoaded(model);
    } catch (error) {
      if (isOver) return;
      onFailed(error);
      failures += 1;
      // A thread that hangs over a model keeps its memory: each further try might leave another.
      if (stuckThreads() < MOST_STUCK) again = setTimeout(attempt, backoffMs(failures, Math.random, AGAIN)).unref();
    }
  };
  return {
    tried: attempt(),
    stop: () => {
      isOver = true;
      clearTimeout(again);
    },
  };
}
