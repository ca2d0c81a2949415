import type { Observable } from "rxjs";
import type { Config } from "../../config/types.js";
import type { AlertPayload, BrokerHealth, OutboxHealth } from "../contract/payloads.js";
import type { Evidence } from "../evidence/evidence.js";
import type { AlertHistory } from "../history/history.js";
import type { Engine } from "../inference/engine.js";
import type { RunningCamera } from "../line/camera.js";

/** What HTTP shows of the agent; reading it costs the line nothing. */
export interface AgentView {
  readonly config: Config;
  readonly cameras: readonly CameraView[];
  /** By the name that cameras refer to; one that is still loading, or broken, is absent. */
  readonly models: ReadonlyMap<string, { readonly engine: Pick<Engine, "model" | "providers"> }>;
  /** Each step as it goes out. */
  readonly alerts$: Observable<AlertPayload>;
  readonly history: Pick<AlertHistory, "list">;
  readonly evidence: Pick<Evidence, "read" | "health">;
  readonly outbox: () => OutboxHealth;
  readonly broker: () => BrokerHealth;
}

export type CameraView = Pick<RunningCamera, "config" | "outcomes$" | "enabled" | "standing" | "threshold"> & {
  readonly ledger: Pick<RunningCamera["ledger"], "counts">;
};
