import type { Observable } from "rxjs";
import type { CameraConfig } from "../../config/types.js";
import type { Command } from "../contract/inbound.js";
import type { CameraState, FrameHealth, OutboxHealth, PartsHealth, ProviderHealth } from "../contract/payloads.js";
import type { ModelIdentity, Outcome } from "../types.js";

/** What Sparkplug says of a camera, beside its verdicts and alerts. */
export interface SparkplugCamera {
  readonly config: CameraConfig;
  readonly enabled: boolean;
  readonly standing: {
    readonly state: CameraState;
    readonly reason: string | null;
    readonly sinceMs: number;
    /** True where its source has come to its end. */
    readonly ended?: true;
  };
  /** Verdicts since the start; null where it sees no parts. */
  readonly parts: PartsHealth | null;
  /** In force; null until the model is there. */
  threshold(): number | null;
  readonly ledger: { counts(): Pick<FrameHealth, "scored"> };
  readonly alerts: { readonly life: { readonly standing: object | null } };
  readonly outcomes$: Observable<Outcome>;
}

/** What Sparkplug says of the agent, and who carries out what hosts write. */
export interface SparkplugAgent {
  readonly cameras: readonly SparkplugCamera[];
  /** By the name that cameras refer to; one that is still loading, or broken, is absent. */
  readonly models: ReadonlyMap<
    string,
    { readonly engine: { readonly model: ModelIdentity; providers(): ProviderHealth } }
  >;
  readonly outbox: () => OutboxHealth;
  /** Has a command carried out, and answered. */
  readonly perform: (command: Command) => void;
}
