import type { ErrorCode } from "../../errors.js";
import type { AlertPhase, Context, DropReason, ModelIdentity, PartOutcome, Region, Verdict } from "../types.js";
import type { DriftHealth } from "./drift.js";
import type { MachineFigures } from "./machine-health.js";
import type { ModbusHealth } from "./modbus-health.js";
import type { CameraFaults, EngineState, ProviderHealth } from "./provider-health.js";
import type { SparkplugHealth } from "./sparkplug-health.js";

export type { ProviderHealth } from "./provider-health.js";

/** The payloads of the contract. Every one carries `v: 1`; `ts` and `since` are RFC 3339 UTC with milliseconds. */
export interface Payload {
  readonly v: 1;
  readonly ts: string;
  /** Nobody vouches for `ts`: the machine's clock was not set yet. Absent otherwise. */
  readonly clock?: "unsynchronised";
}

export interface StatusPayload extends Payload {
  readonly state: "online" | "stopped" | "offline";
  readonly version: string;
  readonly since: string;
}

export type CameraState = "starting" | "ok" | "anomalous" | "idle" | "no-signal" | "faulted" | "disabled";

export interface StatePayload extends Payload {
  readonly state: CameraState;
  readonly since: string;
  readonly reason: string | null;
  /** What is wrong while frames are judged, by its kind; absent while nothing is. */
  readonly faults?: CameraFaults;
  /** The TensorRT engine of its model is built, and another provider judges meanwhile; absent where none is. */
  readonly engine?: "building-engine";
}

export type ModelPayload = ModelIdentity;

export interface ScorePayload extends Payload {
  readonly frame: number;
  /** The picture's file, relative to its source's folder; absent where it comes from none. */
  readonly file?: string;
  readonly score: number;
  readonly threshold: number;
  readonly anomalous: boolean;
  readonly latencyMs: {
    readonly capture: number;
    readonly queue: number;
    readonly inference: number;
    readonly total: number;
  };
  readonly model: ModelPayload;
  readonly context: Context | null;
}

export interface AlertPayload extends Payload {
  readonly id: string;
  readonly seq: number;
  readonly phase: AlertPhase;
  readonly camera: string;
  readonly score: number;
  readonly threshold: number;
  readonly peak: number;
  readonly atPeak?: { readonly ts: string; readonly regions: readonly Region[]; readonly context: Context | null };
  readonly durationMs: number;
  readonly frames: number;
  readonly raises: number;
  readonly regions: readonly Region[];
  readonly model: ModelPayload;
  readonly calibration: string | null;
  readonly context: Context | null;
  /** Where the picture will arrive; null while no evidence is taken. */
  readonly evidence: { readonly topic: string; readonly sha256: string; readonly bytes: number } | null;
  readonly replayed: boolean;
  readonly by?: string;
  readonly suppressed?: number;
  readonly flood?: { readonly alerts: number };
}

export interface FrameHealth {
  readonly captured: number;
  readonly scored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly failed: number;
  readonly inFlight: number;
  /** scored / captured, 0..1; null before the first frame. */
  readonly share: number | null;
  readonly fps: number;
  /** Null while nothing was scored in the last interval. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

/** Verdicts since the start. */
export interface PartsHealth extends Readonly<Record<PartOutcome, number>> {
  /** Of all, those after the deadline. */
  readonly late: number;
}

export interface CameraHealth extends FrameHealth {
  /** Null where the camera sees no parts. */
  readonly parts: PartsHealth | null;
  readonly drift: DriftHealth;
  readonly alerts: {
    /** Alerts that were held back since the start, by the reason. */
    readonly heldBack: { readonly shelved: number; readonly flood: number };
    /** Null while the camera is not shelved. */
    readonly shelvedUntil: string | null;
  };
}

/** The state of the outbox. */
export interface OutboxHealth {
  /** Alert messages that wait, on disk and off. */
  readonly depth: number;
  /** How long the oldest waits. */
  readonly ageMs: number;
  /** The size of alerts and evidence on disk. */
  readonly bytes: number;
  /** Pictures that wait. */
  readonly evidence: number;
  /** Verdicts that wait, on disk and off. */
  readonly verdicts: number;
  /** Alerts among `depth` that are in memory only, as the disk takes nothing: they are sent, and lost with the process. */
  readonly undurable: number;
  /** The disk has no room. */
  readonly full: boolean;
  /** Given up since the start, by what and why. */
  readonly lost: Readonly<Record<string, number>>;
  /** Numbers that will never arrive, the newest of them. */
  readonly gaps: readonly {
    readonly from: number;
    readonly to: number;
    readonly reason: string;
    /** With numbers of verdicts, which each camera counts by itself. */
    readonly camera?: string;
  }[];
  /** What could not be read, since the start. */
  readonly damage: readonly { readonly kind: string; readonly count: number }[];
}

/** The connection to the broker, and the messages that go over it without the outbox: states, scores, replies, health. */
export interface BrokerHealth {
  readonly connected: boolean;
  readonly protocol: "5" | "3.1.1" | null;
  /** Messages in memory. */
  readonly waiting: number;
  /** Given up since the start, by the reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** The latest trouble, whether it is over or not. */
  readonly trouble: { readonly code: ErrorCode; readonly message: string; readonly ts: string } | null;
}

export interface EvidenceHealth {
  /** Pictures since the start: made; left out, because they were too many or their frame was gone; failed by reason. */
  readonly made: number;
  readonly skipped: Readonly<Record<"rate" | "late", number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Alerts and parts whose raw frames were kept, or not, by reason; of those kept, how many in the model's pixels alone, as the camera's were gone. */
  readonly frames: {
    readonly kept: number;
    readonly modelSize: number;
    readonly failed: Readonly<Record<string, number>>;
  };
  /** On disk. `removed` and `failed` (pictures made, yet not kept here) by reason. */
  readonly stored: {
    readonly items: number;
    readonly mb: number;
    readonly removed: Readonly<Record<string, number>>;
    readonly failed: Readonly<Record<string, number>>;
  };
}

/** The outcome of a model's last golden-sample test. */
export interface SelfTestHealth {
  readonly ts: string;
  /** Null: its pictures could not be had, or its engine was away. */
  readonly passed: boolean | null;
  readonly pictures: number;
  readonly reason: string | null;
}

export interface MemoryHealth {
  readonly rssMb: number;
  /** The part of the RSS that no file stands behind, so that only the process can give it back; null where the kernel does not say. */
  readonly anonymousMb: number | null;
  readonly heapMb: number;
}

export interface HealthPayload extends Payload, MachineFigures {
  readonly uptimeS: number;
  readonly cameras: Readonly<Record<string, CameraHealth>>;
  /** By model name. */
  readonly providers: Readonly<Record<string, ProviderHealth>>;
  /** Inference threads that were given up because they do not come back. */
  readonly stuckThreads: number;
  readonly outbox: OutboxHealth;
  readonly broker: BrokerHealth;
  /** Null where it is switched off. */
  readonly modbus: ModbusHealth | null;
  /** Null where it is switched off. */
  readonly sparkplug: SparkplugHealth | null;
  /** Null where it is switched off. */
  readonly evidence: EvidenceHealth | null;
  /** By model name; none before the first test. */
  readonly selfTests: Readonly<Record<string, SelfTestHealth>>;
  readonly memory: MemoryHealth;
}

export type CommandOutcome =
  | { readonly ok: true; readonly result?: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** `id` is null only for a command so malformed that it has none. */
export type ReplyPayload = { readonly v: 1; readonly id: string | null } & (
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: ErrorCode; readonly message: string } }
);

export function replyPayload(id: string | null, outcome: CommandOutcome): ReplyPayload {
  return outcome.ok
    ? { v: 1, id, ok: true, result: outcome.result ?? null }
    : { v: 1, id, ok: false, error: { code: outcome.code, message: outcome.message } };
}

/** RFC 3339 UTC with milliseconds. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function statusPayload(
  state: StatusPayload["state"],
  at: { readonly nowMs: number; readonly sinceMs: number; readonly version: string },
): StatusPayload {
  return { v: 1, state, ts: timestamp(at.nowMs), version: at.version, since: timestamp(at.sinceMs) };
}

export function statePayload(
  state: CameraState,
  at: {
    readonly nowMs: number;
    readonly sinceMs: number;
    readonly reason: string | null;
    readonly provider?: string | null;
    readonly engine?: EngineState | null;
  },
): StatePayload {
  const { provider = null, engine = null } = at;
  return {
    v: 1,
    ...{ state, ts: timestamp(at.nowMs), since: timestamp(at.sinceMs), reason: at.reason },
    ...(provider === null ? {} : { faults: { provider } }),
    ...(engine === "building-engine" ? { engine } : {}),
  };
}

/** @param nowMs the monotonic clock (performance.now) at publication, the one of `frame.availableAtMs`. */
export function scorePayload(verdict: Verdict, nowMs: number): ScorePayload {
  const { frame, score, queueMs, inferenceMs, model } = verdict.inspection;
  return {
    v: 1,
    ts: timestamp(frame.capturedAtMs),
    frame: frame.number,
    ...(frame.file === undefined ? {} : { file: frame.file }),
    score,
    threshold: verdict.threshold.value,
    anomalous: verdict.anomalous,
    latencyMs: {
      capture: round(frame.captureMs),
      queue: round(queueMs),
      inference: round(inferenceMs),
      total: round(frame.captureMs + nowMs - frame.availableAtMs),
    },
    model: identity(model),
    context: frame.context ?? null,
  };
}

export function healthPayload(health: Omit<HealthPayload, "v" | "ts">, nowMs: number): HealthPayload {
  return { v: 1, ts: timestamp(nowMs), ...health };
}

/** Only the contract's fields, whatever else the object carries. */
export function identity({ name, version, sha256, provider }: ModelIdentity): ModelPayload {
  return { name, version, sha256, provider };
}

export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
