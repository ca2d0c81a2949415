import { setTimeout as sleep } from "node:timers/promises";
import type { CodedError } from "../../errors.js";
import { backoffMs } from "./backoff.js";
import type { Logger } from "./log.js";

/** Something that is tried until it is done. */
export interface Trying {
  /** Resolves when it is done, or the first try has failed and is logged. Never rejects. */
  readonly tried: Promise<void>;
  /** Tries no more; resolves when no try is under way. */
  stop(): Promise<void>;
}

export interface TryingOptions {
  readonly faultOf: (error: unknown) => CodedError;
  readonly log: Logger;
  readonly random?: (() => number) | undefined;
}

/**
 * Tries something again and again, as long as it throws. A fault is logged once, and again where it becomes another one.
 * @param attempt leaves nothing behind when it throws
 */
export function keepTrying(
  attempt: () => Promise<void>,
  { faultOf, log, random = Math.random }: TryingOptions,
): Trying {
  const stop = new AbortController();
  const tryOn = async (onTried: () => void): Promise<void> => {
    let logged = "";
    for (let tries = 1; !stop.signal.aborted; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        const { code, message, remedy } = faultOf(error);
        if (code !== logged) log.error(`${code}: ${message}. ${remedy} It is tried again.`);
        logged = code;
      }
      onTried();
      await sleep(backoffMs(tries, random), undefined, { signal: stop.signal }).catch(() => null);
    }
  };
  let running: Promise<void> = Promise.resolve();
  const tried = new Promise<void>((resolve) => {
    running = tryOn(resolve).finally(resolve);
  });
  return {
    tried,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}
