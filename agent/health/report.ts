import type { CameraInForce } from "../contract/in-force.js";
import type { ModbusHealth } from "../contract/modbus-health.js";
import {
  type BrokerHealth,
  type CameraHealth,
  type EvidenceHealth,
  type FrameHealth,
  type HealthPayload,
  healthPayload,
  type OutboxHealth,
  type ProviderHealth,
  type SelfTestHealth,
  timestamp,
} from "../contract/payloads.js";
import type { SparkplugHealth } from "../contract/sparkplug-health.js";
import { topics } from "../contract/topics.js";
import type { Message } from "../types.js";
import type { CameraStanding } from "./camera-state.js";
import type { Ledger } from "./ledger.js";
import type { MachineHealth } from "./machine.js";

export interface HealthParts {
  readonly cameras: readonly {
    readonly config: { readonly id: string };
    readonly ledger: Ledger;
    readonly alerts: {
      readonly heldBack: CameraHealth["alerts"]["heldBack"];
      readonly shelvedUntilMs: number | null;
    };
    readonly parts: CameraHealth["parts"];
    readonly drift: CameraHealth["drift"];
  }[];
  /** By model name. */
  readonly models: ReadonlyMap<string, { readonly engine: { providers(): ProviderHealth } }>;
  readonly outbox: OutboxHealth;
  readonly broker: BrokerHealth;
  readonly modbus: ModbusHealth | null;
  readonly sparkplug: SparkplugHealth | null;
  readonly evidence: EvidenceHealth | null;
  readonly selfTests: Readonly<Record<string, SelfTestHealth>>;
  readonly machine: MachineHealth;
  readonly stuckThreads: number;
  readonly uptimeMs: number;
  /** Monotonic, as the ledgers'. */
  readonly nowMs: number;
  /** Epoch milliseconds. */
  readonly wallMs: number;
}

/** The health message; begins each camera's next interval. */
export function healthMessage(parts: HealthParts): Message {
  const payload = healthOf(parts, (ledger) => ledger.health(parts.nowMs));
  return { topic: topics.health, payload, qos: 0, retain: true };
}

/** The health at this moment, without a next interval. */
export function healthNow(parts: HealthParts): HealthPayload {
  return healthOf(parts, (ledger) => ledger.look(parts.nowMs));
}

/** What `status` shows of a camera beside its health. */
export interface CameraStatus {
  readonly config: { readonly id: string };
  readonly enabled: boolean;
  readonly standing: CameraStanding & { readonly sinceMs: number };
  /** The threshold in force; null until the model is there. */
  threshold(): number | null;
}

/** The answer to the command `status` beyond the health. */
export function statesOf<Camera extends CameraStatus>(
  cameras: readonly Camera[],
  inForce: (camera: Camera) => CameraInForce,
): Readonly<Record<string, object>> {
  const states = cameras.map((camera) => {
    const { config, enabled, standing, threshold } = camera;
    const { state, reason, sinceMs } = standing;
    const at = { state, reason, since: timestamp(sinceMs) };
    return [config.id, { ...at, enabled, threshold: threshold(), inForce: inForce(camera) }] as const;
  });
  return Object.fromEntries(states);
}

function healthOf(parts: HealthParts, frames: (ledger: Ledger) => FrameHealth): HealthPayload {
  const {
    cameras,
    models,
    stuckThreads,
    outbox,
    broker,
    modbus,
    sparkplug,
    evidence,
    selfTests,
    machine,
    uptimeMs,
    wallMs,
  } = parts;
  const byCamera: Record<string, CameraHealth> = {};
  for (const { config, ledger, alerts, drift, parts: verdicts } of cameras) {
    const { heldBack, shelvedUntilMs } = alerts;
    const shelvedUntil = shelvedUntilMs === null ? null : timestamp(shelvedUntilMs);
    byCamera[config.id] = { ...frames(ledger), alerts: { heldBack, shelvedUntil }, parts: verdicts, drift };
  }
  const providers: Record<string, ProviderHealth> = {};
  for (const [name, { engine }] of models) providers[name] = engine.providers();
  const uptimeS = Math.round(uptimeMs / 1_000);
  const agent = {
    uptimeS,
    cameras: byCamera,
    providers,
    stuckThreads,
    outbox,
    broker,
    modbus,
    sparkplug,
    evidence,
    selfTests,
    ...machine,
  };
  return healthPayload(agent, wallMs);
}
