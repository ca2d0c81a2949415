import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../errors.js";
import type { EngineHealth } from "../../contract/provider-health.js";
import { type BackoffRange, backoffMs } from "../../kit/backoff.js";
import type { Frame, ModelIdentity, Outcome, Size } from "../../types.js";
import { type Engine, type EngineOptions, openEngine } from "../engine.js";
import type { PrecisionReport, ProviderReport } from "../protocol.js";
import { MOST_STUCK, stuckThreads } from "../stuck.js";
import { watchdogLimits } from "../watchdog.js";
import { madeEngine } from "./made.js";
import { compared, type Golden, provenStill } from "./proven.js";
import { Relay } from "./relay.js";
import { type EngineStore, NothingWritten, type StoredEngine } from "./store.js";

export interface BesideOptions {
  /** How the model is opened, with all providers that may be tried, TensorRT among them and not alone. */
  readonly engine: EngineOptions;
  readonly store: EngineStore;
  /** Of the engine, in the store. */
  readonly key: string;
  /** What the model's precision was chosen by, and what was chosen: noted with the engine. */
  readonly choice: string;
  readonly precision: PrecisionReport;
  /** Null where the model has none. */
  readonly golden: Golden | null;
  /** What the engine's scores may differ by. */
  readonly limit: number;
  /** Whether an engine is built where there is none. */
  readonly build: boolean;
  readonly timing?: Partial<BesideTiming>;
}

export interface BesideTiming {
  /** How long one build may take. */
  readonly buildMs: number;
  /** How long an engine may take to be read and warmed up. */
  readonly openMs: number;
  readonly backoff: BackoffRange;
}

/** A large model on a small board takes some ten minutes; the GPU is worth more to frames than to a build that failed. */
const TIMING: BesideTiming = {
  buildMs: 45 * 60_000,
  openMs: 45_000,
  backoff: { firstMs: 10_000, mostMs: 3_600_000 },
};

/** A model that judges on the best provider that is ready at once while TensorRT's engine is built, and then by the engine. */
export async function openBeside(options: BesideOptions, base: Engine | null): Promise<Engine> {
  const beside = new Beside(options);
  await beside.open(base);
  return beside;
}

class Beside implements Engine {
  readonly input: Size;
  readonly threshold: number;
  readonly #options: BesideOptions;
  readonly #timing: BesideTiming;
  readonly #end = new AbortController();
  #relay: Relay | null = null;
  #stand: Omit<EngineHealth, "ageS"> | null = null;
  #sinceMs = 0;
  #making: Promise<void> = Promise.resolve();

  constructor(options: BesideOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.input = options.engine.input;
    this.threshold = options.engine.threshold;
  }

  get model(): ModelIdentity {
    return this.#relay!.engine.model;
  }

  /** Twice the engine's own: where engines change, a frame waits for the answers of the old one first. */
  get answersWithinMs(): number {
    return 2 * this.#relay!.engine.answersWithinMs;
  }

  inspect(frame: Frame): Promise<Outcome> {
    return this.#relay!.inspect(frame);
  }

  providers(): ProviderReport {
    const { engine } = this.#options;
    const report = this.#relay!.engine.providers();
    const stand = this.#stand;
    if (stand === null) return engine.annotate?.(report) ?? report;
    const tried = [...report.tried];
    if (!tried.some(({ provider }) => provider === TENSORRT)) {
      const reason = stand.failure === null ? stand.step : `${stand.step}; ${stand.failure}`;
      tried.splice(engine.providers.indexOf(TENSORRT), 0, { provider: TENSORRT, taken: false, reason });
    }
    const ageS = Math.round((performance.now() - this.#sinceMs) / 1_000);
    const whole = { ...report, tried, engine: { ...stand, ageS } };
    return engine.annotate?.(whole) ?? whole;
  }

  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all([this.#relay?.engine.close(), this.#making]);
  }

  /** @param base the model, open without TensorRT; null: the engine is opened in its place where there is one that was proven */
  async open(base: Engine | null): Promise<void> {
    const { store, key, limit, build, engine } = this.#options;
    let failure: string | null = null;
    let first = base;
    if (first === null) {
      const stored = await store.find(key);
      if (stored?.proof) {
        try {
          first = await this.#openStored(stored, stored.proof.reference);
        } catch (error) {
          failure = messageOf(error);
          if (build) await store.remove(key);
        }
      }
    }
    first ??= await openEngine({ ...engine, providers: this.#others(), onUp: () => undefined });
    this.#relay = new Relay(first);
    const { used } = first.providers();
    if (used === TENSORRT) return;
    // A provider that is preferred to it runs.
    if (engine.providers.indexOf(used) < engine.providers.indexOf(TENSORRT)) return;
    const refusal = await store.refusal(key, limit);
    const none = { attempt: 0, failures: failure === null ? 0 : 1, failure, difference: null };
    if (refusal !== null) {
      this.#enter({ ...none, state: "refused", step: "its engine is refused", failure: refusal });
    } else if (build) {
      this.#enter({ ...none, state: "building-engine", step: "its engine is to be built" });
      void this.#work();
    } else {
      this.#enter({ ...none, state: "not-built", step: "its engine is not built yet; the agent builds it" });
    }
  }

  #others(): readonly string[] {
    return this.#options.engine.providers.filter((name) => name !== TENSORRT);
  }

  #enter(stand: Omit<EngineHealth, "ageS">): void {
    if (stand.state !== this.#stand?.state) this.#sinceMs = performance.now();
    this.#stand = stand;
  }

  #step(step: string, rest: Partial<EngineHealth> = {}): void {
    if (this.#stand !== null) this.#stand = { ...this.#stand, step, ...rest };
  }

  /**
   * Opens an engine that was proven and holds it to what the model scored then.
   * @throws Error why it is not to be used: its thread, which may judge on another provider by now, is ended
   */
  async #openStored(stored: StoredEngine, reference: readonly number[]): Promise<Engine> {
    const opened = await this.#openBuilt(stored);
    try {
      const difference = await provenStill(opened, reference, this.#options.limit);
      this.#enter({
        state: "ready",
        step: "its engine was found on the disk",
        attempt: 0,
        failures: 0,
        failure: null,
        difference,
      });
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** @throws Error where it does not run on TensorRT */
  async #openBuilt(built: StoredEngine): Promise<Engine> {
    const { openMs } = this.#timing;
    const opened: Engine = await openEngine({
      ...this.#options.engine,
      built,
      limits: { ...watchdogLimits, start: () => openMs },
      onUp: (report) => this.#isUp(report),
    });
    const { used, tried } = opened.providers();
    if (used === TENSORRT) return opened;
    await opened.close();
    throw new Error(tried.find(({ provider }) => provider === TENSORRT)?.reason ?? "TensorRT was not tried");
  }

  /** Called when a thread with the engine is warm: its successor may have found the engine gone, and judge on another provider. */
  #isUp({ used, tried }: ProviderReport): void {
    if (this.#stand?.state !== "ready" || used === TENSORRT || !this.#options.build) return;
    const failure = tried.find(({ provider }) => provider === TENSORRT)?.reason ?? null;
    this.#enter({ ...this.#stand, state: "building-engine", step: "its engine is lost", failures: 1, failure });
    void this.#work(true);
  }

  /**
   * Builds, compares and changes over, again and again until the engine judges, is refused, or there can be none. Never rejects.
   * @param lost whether what is on the disk is not to be used
   */
  async #work(lost = false): Promise<void> {
    const { signal } = this.#end;
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        if (lost) await this.#options.store.remove(this.#options.key);
        return await this.#toEngine();
      } catch (error) {
        if (signal.aborted || this.#stand === null) return;
        const failed = { ...this.#stand, failures: this.#stand.failures + 1, failure: messageOf(error) };
        if (error instanceof NothingWritten || stuckThreads() >= MOST_STUCK) {
          return this.#enter({ ...failed, state: "failed", step: "its engine could not be built" });
        }
        this.#enter({ ...failed, step: "its engine could not be built, and is tried again" });
      }
      await sleep(backoffMs(tries, Math.random, this.#timing.backoff), undefined, { signal }).catch(() => null);
    }
  }

  async #toEngine(): Promise<void> {
    const { store, key } = this.#options;
    const stored = (await store.find(key)) ?? (await this.#made());
    this.#step("its engine is opened beside");
    try {
      const opened = await this.#openBuilt(stored);
      if (this.#end.signal.aborted) return await opened.close();
      await this.#changeTo(opened, stored).catch(async (error: unknown) => {
        await opened.close();
        throw error;
      });
    } catch (error) {
      if (!this.#end.signal.aborted) await store.remove(key);
      throw error;
    }
  }

  #made(): Promise<StoredEngine> {
    const { store, key, engine } = this.#options;
    const made = madeEngine({
      ...{ engine, store, key, limitMs: this.#timing.buildMs, signal: this.#end.signal },
      onStep: (step) => this.#step(step),
      onBegin: () => this.#step("", { attempt: (this.#stand?.attempt ?? 0) + 1 }),
    });
    this.#making = made.then(
      () => undefined,
      () => undefined,
    );
    return made;
  }

  /** @throws Error where they cannot be compared */
  async #changeTo(opened: Engine, stored: StoredEngine): Promise<void> {
    const { store, key, limit, engine, choice, precision, golden } = this.#options;
    const model = engine.identity.sha256;
    this.#step("its engine is compared");
    const { reference, difference, refusal } = await compared(this, opened, golden, limit);
    if (refusal !== null) {
      await opened.close();
      await store.refuse(key, model, refusal, limit);
      this.#enter({ ...this.#stand!, state: "refused", step: "its engine is refused", failure: refusal, difference });
      return;
    }
    await store.prove(key, model, stored, { reference, difference, choice, precision });
    const old = await this.#relay!.changeTo(opened);
    this.#enter({ ...this.#stand!, state: "ready", step: "its engine judges", failures: 0, failure: null, difference });
    await old.close();
    if (this.#end.signal.aborted) await opened.close();
  }
}

const TENSORRT = "tensorrt";
