import type { ProviderHealth } from "../contract/payloads.js";
import type { EngineHealth } from "../contract/provider-health.js";

export interface ProviderFaultsOptions {
  /** By model name. */
  readonly models: ReadonlyMap<string, { readonly engine: { providers(): ProviderHealth } }>;
  /** Is told when a model's provider becomes a fault, another one, or none any more. */
  readonly onChange: (model: string, fault: string | null) => void;
  /** Is told which settings do nothing with a model's provider, once for each set of them. */
  readonly onUnreached: (model: string, settings: readonly string[]) => void;
  /** Is told when a model's TensorRT engine is in another state, begins to be built, or fails to be. */
  readonly onEngine: (model: string, engine: EngineHealth) => void;
}

/** The faults of the models' providers: a model judges, and not where it was to. */
export class ProviderFaults {
  readonly #options: ProviderFaultsOptions;
  readonly #known = new Map<string, string | null>();
  readonly #engines = new Map<string, string>();
  readonly #unreached = new Map<string, string>();

  constructor(options: ProviderFaultsOptions) {
    this.#options = options;
  }

  /** Null while the model is not there, too. */
  of(model: string): string | null {
    return this.#options.models.get(model)?.engine.providers().fault ?? null;
  }

  /** How the model's TensorRT engine fares; null where none is wanted. */
  engineOf(model: string): EngineHealth | null {
    return this.#options.models.get(model)?.engine.providers().engine ?? null;
  }

  /** Looks at each model: its thread may have been started again since, on another provider. */
  tick(): void {
    for (const [model, { engine }] of this.#options.models) {
      const { unreached = [] } = engine.providers();
      const settings = unreached.join("; ");
      if (settings !== (this.#unreached.get(model) ?? "")) this.#options.onUnreached(model, unreached);
      this.#unreached.set(model, settings);
      this.#lookAtEngine(model);
      const fault = this.of(model);
      const before = this.#known.get(model) ?? null;
      this.#known.set(model, fault);
      if (fault !== before) this.#options.onChange(model, fault);
    }
  }

  #lookAtEngine(model: string): void {
    const engine = this.engineOf(model);
    if (engine === null) return;
    const { state, attempt, failures } = engine;
    const seen = `${state} ${attempt} ${failures}`;
    if (seen !== this.#engines.get(model)) this.#options.onEngine(model, engine);
    this.#engines.set(model, seen);
  }
}

/** What the log says of an engine that fares otherwise than before. */
export function engineLine({ state, step, attempt, failure, difference }: EngineHealth): {
  readonly warn: boolean;
  readonly text: string;
} {
  const build = attempt === 0 ? "" : `, build ${attempt}`;
  const far = difference === null ? "" : `; its scores differ by ${(100 * difference.worst).toPrecision(2)} % at most`;
  const why = failure === null ? "" : `: ${failure}`;
  return { warn: failure !== null, text: `${state}: ${step}${build}${far}${why}` };
}
