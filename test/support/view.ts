import { Subject } from "rxjs";
import { inForceOf } from "../../agent/commands/in-force.js";
import { NO_SETTINGS } from "../../agent/commands/settings-file.js";
import type { CommandRecord } from "../../agent/contract/command-record.js";
import type { DriftHealth } from "../../agent/contract/drift.js";
import type { VerdictPayload } from "../../agent/contract/part-payloads.js";
import type { AlertPayload, CameraState } from "../../agent/contract/payloads.js";
import { Ledger } from "../../agent/health/ledger.js";
import type { AlertHistory } from "../../agent/history/history.js";
import { memoryHistory } from "../../agent/history/memory.js";
import { wholeOf } from "../../agent/history/record.js";
import type { AgentView, CameraView } from "../../agent/http/view.js";
import { regionsOf } from "../../agent/scoring/regions.js";
import type { Outcome } from "../../agent/types.js";
import type { HttpConfig } from "../../config/types.js";
import { fakeEngine } from "../fakes/engine.js";
import { alertId } from "./alert-step.js";
import { cameraConfig, configOf, httpConfig } from "./config.js";

export interface TestCamera extends CameraView {
  readonly ledger: Ledger;
  readonly outcomes$: Subject<Outcome>;
  fault: string | null;
  tell(state: CameraState, reason?: string): void;
}

export interface TestView extends AgentView {
  readonly history: AlertHistory;
  readonly evidence: {
    read: AgentView["evidence"]["read"];
    feedback: AgentView["evidence"]["feedback"];
    readonly health: AgentView["evidence"]["health"];
  };
  readonly cameras: readonly [TestCamera, TestCamera];
  readonly alerts$: Subject<AlertPayload>;
  readonly verdicts$: Subject<VerdictPayload>;
  /** The broker comes and goes. */
  setBroker(connected: boolean): void;
  setStuck(stuck: ReturnType<AgentView["stuck"]>): void;
}

const selfTest = { path: "golden", goodPath: null, everyMinutes: 60 };

/** An agent of two cameras, without the agent: cam1 delivers, cam2 is disabled. */
export function testView(http: Partial<HttpConfig> = {}): TestView {
  const cameras = [testCamera("cam1", "ok"), testCamera("cam2", "disabled")] as const;
  const history = memoryHistory({ maxAlerts: 100, maxAgeMs: 86_400_000, ageMs: () => 0 });
  let connected = true;
  let stuck: ReturnType<AgentView["stuck"]> = [];
  return {
    config: configOf(
      cameras.map(({ config }) => config),
      { http: httpConfig(http), models: { plate: { path: "models/demo", selfTest } } },
    ),
    cameras,
    models: new Map([["plate", { engine: fakeEngine() }]]),
    alerts$: new Subject(),
    history,
    alertsOf: (query) => history.list(query).map(wholeOf),
    alertOf: (id) => {
      const record = history.find(id);
      return record === null ? null : wholeOf(record);
    },
    verdicts$: new Subject(),
    regionsOf: ({ map, frame: { size, view } }, threshold) => regionsOf(map, size, threshold, view),
    perform: ({ reply }) => reply({ ok: true, result: {} }),
    evidence: {
      read: async (id) => (id === alertId(1) ? Uint8Array.of(0xff, 0xd8, 0xff, 0xd9) : null),
      feedback: async () => null,
      health: () => ({
        made: 7,
        skipped: { rate: 2, late: 1 },
        failed: { busy: 1 },
        frames: { kept: 7, modelSize: 0, failed: {} },
        stored: { items: 14, mb: 1, removed: {}, failed: { full: 1 } },
      }),
    },
    selfTests: () => ({}),
    outbox: () => ({
      depth: 3,
      ageMs: 1_500,
      bytes: 4_000,
      evidence: 1,
      verdicts: 0,
      undurable: 0,
      full: false,
      lost: { "alert-room": 2 },
      gaps: [],
      damage: [],
    }),
    broker: () => ({ connected, protocol: "5", waiting: 2, lost: { overflow: 6 }, trouble: null }),
    modbus: () => null,
    stuckThreads: () => 1,
    stuck: () => stuck,
    machine: () => ({
      ...{ temperaturesC: { cpu: 61.5 }, gpuLoad: 0.25, powerW: { VDD_IN: 9.25 }, powerMode: "15W", cpuFrequency: 0.5 },
      throttling: { reasons: ["gpu-throttle-alert"], events: { oc3: 2 } },
    }),
    commands: () => [commandRecord("2"), commandRecord("1")],
    judgeOf: () => ({ kind: "unknown", names: [] }),
    inForce: (camera) => inForceOf(camera, NO_SETTINGS),
    setStuck: (is) => {
      stuck = is;
    },
    setBroker: (is) => {
      connected = is;
    },
  };
}

/** A threshold that somebody set. */
function commandRecord(id: string): CommandRecord {
  const args = { camera: "cam1", threshold: 0.9 };
  const outcome = { ok: true, result: { threshold: 0.9, before: 0.5 }, error: null, durationMs: 3 };
  return { ts: "2026-03-01T08:00:00.000Z", command: "threshold", id, by: "kim", via: "mqtt", args, ...outcome };
}

/** Of a camera whose model does not say what good parts score. */
export const UNKNOWN_DRIFT: DriftHealth = {
  state: "unknown",
  since: "2026-03-01T08:00:00.000Z",
  reason: "nothing to hold good parts against",
  direction: null,
  fromStart: false,
  spreads: null,
  reference: null,
  observed: null,
  proposedThreshold: null,
};

function testCamera(id: string, first: CameraState): TestCamera {
  let standing: CameraView["standing"] = { state: first, reason: null, sinceMs: 1_700_000_000_000 };
  return {
    config: cameraConfig(id),
    ledger: new Ledger(0),
    outcomes$: new Subject(),
    parts: id === "cam1" ? { ok: 3, ng: 2, unknown: 1, late: 1 } : null,
    get enabled() {
      return standing.state !== "disabled";
    },
    get standing() {
      return standing;
    },
    drift: UNKNOWN_DRIFT,
    fault: null,
    threshold: () => 0.5,
    alerts: { shelvedUntilMs: null, heldBack: { shelved: 0, flood: 0 } },
    tell: (state, reason) => {
      standing = { ...standing, state, reason: reason ?? null };
    },
  };
}
