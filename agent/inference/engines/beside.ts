import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../errors.js";
import type { EngineHealth } from "../../contract/provider-health.js";
import { backoffMs } from "../../kit/backoff.js";
import type { Frame, ModelIdentity, Outcome, Size } from "../../types.js";
import { type Engine, openEngine } from "../engine.js";
import type { ProviderReport } from "../protocol.js";
import { MOST_STUCK, stuckThreads } from "../stuck.js";
import { watchdogLimits } from "../watchdog.js";
import { BESIDE_TIMING, type BesideOptions, type BesideTiming } from "./beside-options.js";
import { BuilderLost } from "./build.js";
import { carefully, EngineCrashes } from "./careful.js";
import { madeEngine } from "./made.js";
import { type Comparison, compared, NotCompared, provenStill } from "./proven.js";
import { Relay } from "./relay.js";
import { NothingWritten, type StoredEngine } from "./store.js";

/** A model that judges on the best provider that is ready at once while TensorRT's engine is built, and then by the engine. */
export async function openBeside(options: BesideOptions, base: Engine | null): Promise<Engine> {
  const beside = new Beside(options);
  await beside.open(base).catch(async (error: unknown) => {
    await beside.close();
    throw error;
  });
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
  readonly #unused: () => void;

  constructor(options: BesideOptions) {
    this.#options = options;
    this.#timing = { ...BESIDE_TIMING, ...options.timing };
    this.#unused = options.store.use(options.key);
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
    this.#unused();
    await Promise.all([this.#relay?.engine.close(), this.#making]);
  }

  /** @param base the model, open without TensorRT; null: the engine is opened in its place where there is one that was proven */
  async open(base: Engine | null): Promise<void> {
    const { store, key, limit, build, engine } = this.#options;
    let failure: unknown = null;
    let first = base;
    if (first === null) {
      const stored = await store.find(key);
      if (stored?.proof) {
        try {
          first = await this.#openStored(stored, stored.proof.reference);
        } catch (error) {
          failure = error;
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
    const reason = failure === null ? null : messageOf(failure);
    const none = { attempt: 0, failures: reason === null ? 0 : 1, failure: reason, difference: null };
    if (refusal !== null) {
      this.#enter({ ...none, state: "refused", step: REFUSED, failure: refusal });
    } else if (failure instanceof EngineCrashes && build) {
      await this.#refuse(failure.message, none);
    } else if (build) {
      const step = failure === null ? "its engine will be built" : "its engine will be opened again";
      this.#enter({ ...none, state: "building-engine", step });
      void this.#work(failure !== null);
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
    if (this.#stand !== null) this.#enter({ ...this.#stand, step, ...rest });
  }

  /**
   * Opens an engine that was proven and holds it to what the model scored then.
   * @throws Error why it is not to be used: its thread, which may judge on another provider by now, is ended
   */
  #openStored(stored: StoredEngine, reference: readonly number[]): Promise<Engine> {
    return this.#carefully(stored, () => this.#openProven(stored, reference));
  }

  async #openProven(stored: StoredEngine, reference: readonly number[]): Promise<Engine> {
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

  #carefully<Result>(stored: StoredEngine, work: () => Promise<Result>): Promise<Result> {
    const { engine, store, key, build } = this.#options;
    if (!build) return work();
    return carefully({ engine, store, key, limitMs: this.#timing.openMs, signal: this.#end.signal }, stored, work);
  }

  /** The engine is not to be built again; on a disk that takes no note of that, not before the next start. */
  async #refuse(reason: string, rest: Partial<EngineHealth> = {}): Promise<void> {
    const { store, key, limit, engine } = this.#options;
    this.#enter({ ...NOTHING, ...this.#stand, ...rest, state: "refused", step: REFUSED, failure: reason });
    await store.refuse(key, engine.identity.sha256, reason, limit).catch(() => undefined);
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
   * Opens what is on the disk, or builds, compares and changes over, again and again until the engine judges, is refused, or there can be none.
   * Never rejects.
   * @param failed whether it could not be opened just now: what else was on the GPU may be gone after a while
   */
  async #work(failed: boolean): Promise<void> {
    const { signal } = this.#end;
    if (failed) await this.#pause(1);
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        return await this.#toEngine();
      } catch (error) {
        if (signal.aborted || this.#stand === null) return;
        if (error instanceof EngineCrashes) return this.#refuse(error.message);
        const failed = { failures: this.#stand.failures + 1, failure: messageOf(error) };
        if (error instanceof NothingWritten)
          return this.#step("its engine could not be built", { ...failed, state: "failed" });
        this.#step("its engine could not be built, and is tried again", failed);
      }
      await this.#pause(tries);
      await this.#untilFewHang();
    }
  }

  /** One more thread that hangs, and only another process could go on: until some have ended no engine is opened. */
  async #untilFewHang(): Promise<void> {
    if (stuckThreads() < MOST_STUCK) return;
    this.#step("its engine is tried again once threads that hang have ended", { state: "failed" });
    for (let looks = 1; stuckThreads() >= MOST_STUCK && !this.#end.signal.aborted; looks += 1) await this.#pause(looks);
    this.#step("its engine is tried again", { state: "building-engine" });
  }

  /** Not longer than until the end. */
  async #pause(tries: number): Promise<void> {
    const { signal } = this.#end;
    await sleep(backoffMs(tries, Math.random, this.#timing.backoff), undefined, { signal }).catch(() => null);
  }

  async #toEngine(): Promise<void> {
    const { store, key } = this.#options;
    const stored = (await store.find(key)) ?? (await this.#made());
    this.#step("its engine is being opened");
    try {
      const [opened, comparison] = await this.#carefully(stored, () => this.#openCompared(stored));
      await this.#changeTo(opened, comparison, stored);
    } catch (error) {
      if (!this.#end.signal.aborted && !SPARED.some((kind) => error instanceof kind)) {
        // Where it cannot be removed, either, why it is not used says more.
        await store.removeThis(key, stored).catch(() => undefined);
      }
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

  /** @throws Error where it does not run on TensorRT, or they cannot be compared */
  async #openCompared(stored: StoredEngine): Promise<readonly [Engine, Comparison]> {
    const { limit, golden } = this.#options;
    const opened = await this.#openBuilt(stored);
    try {
      this.#step("its engine is being compared");
      return [opened, await compared(this, opened, golden, limit)];
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async #changeTo(opened: Engine, comparison: Comparison, stored: StoredEngine): Promise<void> {
    const { store, key, engine, choice, precision, limit } = this.#options;
    const { reference, difference, refusal } = comparison;
    if (refusal !== null) {
      await opened.close();
      // It judged alike once, by a limit as narrow as this: another build may again.
      if (stored.proof !== null && stored.proof.difference.worst <= limit) throw new Error(refusal);
      return this.#refuse(refusal, { difference });
    }
    const proof = { reference, difference, choice, precision };
    // On a disk that is full by now it judges all the same, and the next start compares it again.
    await store.prove(key, engine.identity.sha256, stored, proof).catch(() => undefined);
    const old = await this.#relay!.changeTo(opened);
    this.#enter({ ...this.#stand!, state: "ready", step: "its engine judges", failures: 0, failure: null, difference });
    await old.close();
    if (this.#end.signal.aborted) await opened.close();
  }
}

const TENSORRT = "tensorrt";
const REFUSED = "its engine is refused";
/** After these the engine stays: what failed was not the engine, or it is refused. */
const SPARED = [BuilderLost, EngineCrashes, NotCompared];
const NOTHING = { attempt: 0, failures: 0, difference: null };
