import type { ProviderHealth } from "../contract/payloads.js";

export interface ProviderFaultsOptions {
  /** By model name. */
  readonly models: ReadonlyMap<string, { readonly engine: { providers(): ProviderHealth } }>;
  /** Is told when a model's provider becomes a fault, another one, or none any more. */
  readonly onChange: (model: string, fault: string | null) => void;
  /** Is told which settings do nothing with a model's provider, once for each set of them. */
  readonly onUnreached: (model: string, settings: readonly string[]) => void;
}

/** The faults of the models' providers: a model judges, and not where it was to. */
export class ProviderFaults {
  readonly #options: ProviderFaultsOptions;
  readonly #known = new Map<string, string | null>();
  readonly #unreached = new Map<string, string>();

  constructor(options: ProviderFaultsOptions) {
    this.#options = options;
  }

  /** Null while the model is not there, too. */
  of(model: string): string | null {
    return this.#options.models.get(model)?.engine.providers().fault ?? null;
  }

  /** Looks at each model: its thread may have been started again since, on another provider. */
  tick(): void {
    for (const [model, { engine }] of this.#options.models) {
      const { unreached = [] } = engine.providers();
      const settings = unreached.join("; ");
      if (settings !== (this.#unreached.get(model) ?? "")) this.#options.onUnreached(model, unreached);
      this.#unreached.set(model, settings);
      const fault = this.of(model);
      const before = this.#known.get(model) ?? null;
      this.#known.set(model, fault);
      if (fault !== before) this.#options.onChange(model, fault);
    }
  }
}
