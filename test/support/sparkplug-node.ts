import { Subject } from "rxjs";
import type { Command } from "../../agent/contract/inbound.js";
import { type VerdictPayload, verdictPayload } from "../../agent/contract/part-payloads.js";
import { type AlertPayload, type OutboxHealth, type PartsHealth, timestamp } from "../../agent/contract/payloads.js";
import type { SparkplugHealth } from "../../agent/contract/sparkplug-health.js";
import { realClock } from "../../agent/kit/clock.js";
import type { OpenClient } from "../../agent/mqtt/client.js";
import { keepSession } from "../../agent/mqtt/kept-session.js";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { openSparkplug, type Sparkplug } from "../../agent/sparkplug/open.js";
import type { SparkplugCamera } from "../../agent/sparkplug/view.js";
import type { Outcome, PartVerdict } from "../../agent/types.js";
import type { CameraConfig, SparkplugConfig } from "../../config/types.js";
import { fakeEngine } from "../fakes/engine.js";
import { cameraConfig, configOf, sparkplugConfig, temporaryFolder } from "./config.js";
import { greyFrame } from "./frames.js";
import { partVerdict } from "./outbox.js";
import { model } from "./verdicts.js";

/** A camera in whatever state a test puts it. */
export type TellingCamera = { -readonly [Key in keyof SparkplugCamera]: SparkplugCamera[Key] } & {
  readonly outcomes$: Subject<Outcome>;
};

export interface SparkplugNode {
  readonly cameras: readonly TellingCamera[];
  readonly commands: readonly Command[];
  readonly lines: readonly string[];
  readonly statePath: string;
  health(): SparkplugHealth;
  judge(camera: string, seq: number, rest?: Partial<PartVerdict>): void;
  alert(camera: string, seq: number, phase: AlertPayload["phase"]): void;
  score(camera: number, score: number): void;
  /** The network fails: the connection is cut without a word. */
  cut(): void;
  close(): Promise<void>;
}

export interface SparkplugNodeOptions {
  readonly url: string;
  readonly statePath?: string;
  readonly sparkplug?: Partial<SparkplugConfig>;
  readonly version?: 4 | 5;
  readonly perform?: (command: Command, cameras: readonly TellingCamera[]) => void;
}

/** Sparkplug without the agent around it: cam1 sees parts, web does not; both deliver. */
export function sparkplugNode(options: SparkplugNodeOptions): SparkplugNode {
  const { url, statePath = temporaryFolder(), sparkplug, version } = options;
  const parts = { ok: 0, ng: 0, unknown: 0, late: 0 };
  const cameras = tellingCameras(parts);
  const config = configOf(
    cameras.map(({ config: each }) => each),
    { state: { path: statePath }, sparkplug: sparkplugConfig({ everyS: 0.2, ...sparkplug }) },
  );
  const judged$ = new Subject<VerdictPayload>();
  const alerts$ = new Subject<AlertPayload>();
  const lines: string[] = [];
  const commands: Command[] = [];
  const say = (text: string): void => void lines.push(text);
  let cut = (): void => undefined;
  const open: OpenClient = async (asked) => {
    const client = await openClient({ ...asked, version: version ?? asked.version });
    cut = () => {
      client.destroy();
      asked.onLost({ reason: "cut", effect: "hung-up" });
    };
    return client;
  };
  const node: Sparkplug = openSparkplug(config, {
    keepSession: (asked) =>
      keepSession({ ...asked, url, clientId: `line-7-${asked.name}`, openClient: open, random: () => 0 }),
    judged$,
    alerts$,
    clock: realClock,
    log: { info: say, warn: say, error: say },
  });
  const engine = fakeEngine();
  node.watch({
    cameras,
    models: new Map([["plate", { engine }]]),
    outbox: emptyOutbox,
    perform: (command) => {
      commands.push(command);
      options.perform?.(command, cameras);
    },
  });
  return {
    cameras,
    commands,
    lines,
    statePath,
    health: () => node.health(),
    judge: (camera, seq, rest = {}) => {
      const verdict = partVerdict({ camera, part: seq, tsMs: Date.now(), ...rest });
      parts[verdict.verdict] += 1;
      judged$.next(verdictPayload(verdict, seq));
    },
    alert: (camera, seq, phase) => alerts$.next(alertOf(camera, seq, phase)),
    score: (index, score) => {
      const frame = greyFrame(0);
      const inspection = { frame, score, map: new Float32Array(1), model, queueMs: 0, inferenceMs: 0 };
      cameras[index]!.outcomes$.next({ kind: "inspected", inspection });
    },
    cut: () => cut(),
    close: () => node.close(),
  };
}

/** The health of an outbox in which nothing waits. */
export const emptyOutbox = (): OutboxHealth => ({
  ...{ depth: 0, ageMs: 0, bytes: 0, evidence: 0, verdicts: 0, undurable: 0, full: false },
  ...{ lost: {}, gaps: [], damage: [] },
});

/** Two that deliver: cam1 sees parts, web does not. */
export function tellingCameras(parts: PartsHealth = { ok: 0, ng: 0, unknown: 0, late: 0 }): readonly TellingCamera[] {
  const plain = cameraConfig("cam1");
  const cam1 = { ...plain, parts: { ...plain.parts, per: "frame" as const } };
  return [telling(cam1, parts), telling(cameraConfig("web"), null)];
}

function telling(config: CameraConfig, parts: SparkplugCamera["parts"]): TellingCamera {
  return {
    config,
    enabled: true,
    standing: { state: "ok", reason: null, sinceMs: 0 },
    parts,
    threshold: () => 0.5,
    ledger: { counts: () => ({ scored: 0 }) },
    alerts: { life: { standing: null } },
    outcomes$: new Subject<Outcome>(),
  };
}

function alertOf(camera: string, seq: number, phase: AlertPayload["phase"]): AlertPayload {
  return {
    ...{ v: 1, id: `alert-${seq}`, seq, phase, camera, ts: timestamp(Date.now()), score: 0.9, threshold: 0.5 },
    ...{ peak: 0.9, durationMs: 1, frames: 1, raises: 1, regions: [], model, calibration: null, context: null },
    ...{ evidence: null, replayed: false },
  };
}
