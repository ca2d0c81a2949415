import { type CameraHealth, healthPayload, type OutboxHealth, type ProviderHealth } from "../mqtt/payloads.js";
import { topics } from "../mqtt/topics.js";
import type { Message } from "../types.js";
import type { Ledger } from "./ledger.js";
import type { MachineHealth } from "./machine.js";

export interface HealthParts {
  readonly cameras: readonly { readonly config: { readonly id: string }; readonly ledger: Ledger }[];
  /** By model name. */
  readonly models: ReadonlyMap<string, { readonly engine: { providers(): ProviderHealth } }>;
  readonly outbox: OutboxHealth;
  readonly machine: MachineHealth;
  readonly uptimeMs: number;
  /** Monotonic, as the ledgers'. */
  readonly nowMs: number;
  /** Epoch milliseconds. */
  readonly wallMs: number;
}

/** The health message; begins each camera's next interval. */
export function healthMessage({ cameras, models, outbox, machine, uptimeMs, nowMs, wallMs }: HealthParts): Message {
  const byCamera: Record<string, CameraHealth> = {};
  for (const { config, ledger } of cameras) byCamera[config.id] = ledger.health(nowMs);
  const providers: Record<string, ProviderHealth> = {};
  for (const [name, { engine }] of models) providers[name] = engine.providers();
  const uptimeS = Math.round(uptimeMs / 1_000);
  const payload = healthPayload({ uptimeS, cameras: byCamera, providers, outbox, ...machine }, wallMs);
  return { topic: topics.health, payload, qos: 0, retain: true };
}
