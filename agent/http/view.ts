import type { Observable } from "rxjs";
import type { CameraConfig, Config } from "../../config/types.js";
import type { CommandRecord } from "../contract/command-record.js";
import type { DriftHealth } from "../contract/drift.js";
import type { CameraInForce } from "../contract/in-force.js";
import type { Command } from "../contract/inbound.js";
import type { FeedbackKept } from "../contract/learning.js";
import type { MachineFigures } from "../contract/machine-health.js";
import type { ModbusHealth } from "../contract/modbus-health.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type {
  AlertPayload,
  BrokerHealth,
  CameraHealth,
  CameraState,
  EvidenceHealth,
  FrameHealth,
  OutboxHealth,
  PartsHealth,
  ProviderHealth,
  SelfTestHealth,
} from "../contract/payloads.js";
import type { PictureVerdict } from "../contract/picture-verdict.js";
import type { WholeAlert } from "../contract/whole-alert.js";
import type { Inspection, ModelIdentity, Outcome, Region, Size } from "../types.js";

/** What HTTP shows of the agent, which costs the line nothing, and who judges pictures and carries out commands for it. */
export interface AgentView {
  readonly config: Config;
  readonly cameras: readonly CameraView[];
  /** By the name that cameras refer to; one that is still loading, or broken, is absent. */
  readonly models: ReadonlyMap<
    string,
    {
      readonly engine: { readonly model: ModelIdentity; readonly input: Size; providers(): ProviderHealth };
      /** The network that it was trained as; null or absent where Retort did not train it. */
      readonly arch?: string | null;
    }
  >;
  /** Each step as it goes out. */
  readonly alerts$: Observable<AlertPayload>;
  /** Each alert as a whole, in the form of the API; the latest first. */
  alertsOf(query: AlertQuery): readonly WholeAlert[];
  /** Null where it is not remembered. */
  alertOf(id: string): WholeAlert | null;
  /** Each verdict on a part as it goes out. */
  readonly verdicts$: Observable<VerdictPayload>;
  /** Where the map of a frame lies above a threshold, in the camera's pixels, the strongest first. */
  regionsOf(inspection: Inspection, threshold: number): readonly Region[];
  readonly evidence: {
    /** The JPEG of an alert, null where there is none, or none any more. @throws what the file system does */
    read(alertId: string): Promise<Uint8Array | null>;
    /** Frames that people have judged; null where evidence is switched off. @throws what the file system does */
    feedback(): Promise<FeedbackKept | null>;
    /** Null where evidence is switched off. */
    health(): EvidenceHealth | null;
  };
  /** What came of the last self-test of a model, by its name; none before the first. */
  readonly selfTests: () => Readonly<Record<string, SelfTestHealth>>;
  readonly outbox: () => OutboxHealth;
  readonly broker: () => BrokerHealth;
  /** Null where no PLC can poll. */
  readonly modbus: () => ModbusHealth | null;
  /** Inference threads that were given up because they do not come back. */
  readonly stuckThreads: () => number;
  /** What only a new process can help; empty where the agent does its work. */
  readonly stuck: () => readonly { readonly what: string; readonly code: string; readonly reason: string }[];
  /** The machine's figures as they were measured last; null before that. */
  readonly machine: () => MachineFigures | null;
  /** What is in force at one of the `cameras`, and where it comes from. */
  readonly inForce: (camera: CameraView) => CameraInForce;
  /** The last commands, the latest first. */
  readonly commands: () => readonly CommandRecord[];
  /** Has a command carried out, and answered. */
  readonly perform: (command: Command) => void;
  /** Who judges pictures under this name, a camera's before a model's. */
  readonly judgeOf: (name: string) => FoundJudge;
}

export type FoundJudge =
  | { readonly kind: "judge"; readonly judge: PictureJudge }
  /** `disabled`: the camera is, and has no model therefore; `not-loaded`: the model loads, is broken, or no camera uses it. */
  | { readonly kind: "disabled" | "not-loaded" }
  /** With the names that there are, cameras first. */
  | { readonly kind: "unknown"; readonly names: readonly string[] };

export interface PictureJudge {
  /**
   * Judges the bytes of a JPEG or PNG file when it is their turn; one that cannot be read is `unknown`.
   * @returns null where `signal` was aborted before
   */
  inspect(picture: Buffer, signal: AbortSignal): Promise<PictureVerdict | null>;
}

export interface AlertQuery {
  readonly camera?: string;
  /** Epoch milliseconds: alerts whose latest step is of then or later. */
  readonly sinceMs?: number;
  /** At least 1. */
  readonly limit: number;
}

export interface CameraView {
  readonly config: CameraConfig;
  readonly ledger: { counts(): Pick<FrameHealth, "captured" | "scored" | "dropped" | "failed" | "inFlight"> };
  /** What became of each frame. The frame is shared: it is only read. */
  readonly outcomes$: Observable<Outcome>;
  /** Verdicts on parts since the start; null where it sees none. */
  readonly parts: PartsHealth | null;
  /** Whether its good parts score what they should. */
  readonly drift: DriftHealth;
  readonly enabled: boolean;
  readonly standing: { readonly state: CameraState; readonly reason: string | null; readonly sinceMs: number };
  /** What is wrong with the judgement of its frames: its model failed the self-test; null where nothing is known. */
  readonly fault: string | null;
  /** The threshold in force; null until the model is there. */
  threshold(): number | null;
  readonly alerts: {
    /** Epoch milliseconds; null while the camera is not shelved. */
    readonly shelvedUntilMs: number | null;
    readonly heldBack: CameraHealth["alerts"]["heldBack"];
  };
}
