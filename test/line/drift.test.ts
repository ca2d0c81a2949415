/** A camera's line, its edges faked: which of its pictures count for drift, and what is published of them. */
import * as assert from "uvu/assert";
import type { DriftHealth } from "../../agent/contract/drift.js";
import { healthPayload } from "../../agent/contract/payloads.js";
import { type CameraDeps, type RunningCamera, runCamera } from "../../agent/line/camera.js";
import { raiseRate } from "../../agent/scoring/raise-rate.js";
import { referenceIn } from "../../models/judging/good-reference.js";
import { thresholdFor } from "../../models/judging/threshold.js";
import { createRandom } from "../../models/random.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { alertConfig, cameraConfig } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("drift on a line");
const random = createRandom(1);
const level = (middle: number): number => Math.round(middle + 6 * random.normal());
const levels = (count: number, middle: number): number[] => Array.from({ length: count }, () => level(middle));
const goodReference = referenceIn(thresholdFor({ heldOut: levels(200, 60).map((each) => each / 255) }).calibration);
/** 21 blocks of 40 pictures, one every sixteen seconds. */
const LEARNED = 21 * 40;

let camera: FakeCamera;
let running: RunningCamera;
let changes: DriftHealth[] = [];
let atMs = 0;
test.before.each(async () => {
  camera = fakeCamera("cam1", null);
  changes = [];
  const deps: CameraDeps = {
    watchCamera: (options) => camera.watch(options),
    model: async () => ({ engine: fakeEngine(), calibration: null, goodReference }),
    send: () => undefined,
    keepVerdict: async () => null,
    onStanding: () => undefined,
    onUnreadable: () => undefined,
    onDrift: (_, now) => changes.push(now),
    context: () => null,
    threshold: () => ({ limit: "model", how: "" }),
    enabled: () => true,
    floods: { rate: raiseRate(0), summaryEveryMs: 1_000 },
    clock: { monotonicMs: () => atMs, wallMs: () => 1_700_000_000_000 + atMs },
  };
  running = runCamera(cameraConfig("cam1", { alert: alertConfig({ raiseAfter: 1, clearAfter: 1_000 }) }), deps);
  await running.started;
});
test.after.each(() => running.stop());

async function shows(all: readonly number[]): Promise<void> {
  const { scored } = running.ledger.counts();
  for (const each of all) {
    atMs += 16_000;
    const at = { capturedAtMs: 1_700_000_000_000 + atMs, availableAtMs: atMs };
    camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(each, undefined, at) });
  }
  await until(() => running.ledger.counts().scored === scored + all.length, "the pictures judged");
}

/** What the contract's schema has against the drift as `health` tells it. */
function faults(drift: DriftHealth): readonly string[] {
  const { id } = running.config;
  const alerts = { heldBack: { shelved: 0, flood: 0 }, shelvedUntil: null };
  const cameras = { [id]: { ...running.ledger.look(atMs), alerts, parts: null, drift } };
  return schemaFaults("health", healthPayload({ ...REST, cameras }, 0));
}

const REST = {
  uptimeS: 1,
  providers: {},
  stuckThreads: 0,
  outbox: {
    ...{ depth: 0, ageMs: 0, bytes: 0, evidence: 0, verdicts: 0, undurable: 0, full: false },
    ...{ lost: {}, gaps: [], damage: [] },
  },
  broker: { connected: true, protocol: "5", waiting: 0, lost: {}, trouble: null },
  modbus: null,
  sparkplug: null,
  evidence: null,
  selfTests: {},
  memory: { rssMb: 1, anonymousMb: null, heapMb: 1 },
  temperaturesC: {},
  gpuLoad: null,
  ...{ powerW: {}, powerMode: null, cpuFrequency: null, throttling: { reasons: [], events: {} } },
} as const;

test("good pictures that drift are told once, with a threshold that is proposed and not in force", async () => {
  assert.equal(faults(running.drift), []);
  await shows(levels(LEARNED, 60));
  assert.is(running.drift.state, "stable");
  assert.equal(faults(running.drift), []);
  await shows(levels(LEARNED, 75));
  const { drift } = running;
  assert.equal([drift.state, drift.direction, drift.fromStart], ["drifting", "up", false]);
  assert.equal(
    changes.map(({ state }) => state),
    ["drifting"],
  );
  assert.equal(faults(drift), []);
  assert.ok(drift.proposedThreshold!.value > 75 / 255);
  assert.is(running.threshold(), 0.5);
  await running.restart();
  assert.equal([running.drift.state, running.drift.observed], ["learning", null]);
});

test("pictures count neither while an alert stands nor while the camera is faulted, nor do bad ones", async () => {
  await shows(levels(LEARNED, 60));
  const { observed } = running.drift;
  running.setFault("the model no longer sees defects");
  await shows(levels(64, 100));
  assert.equal(running.drift.observed, observed);
  running.setFault(null);
  await shows([250, ...levels(64, 100)]);
  assert.is(running.alerts.life.standing?.phase, "raised");
  assert.equal(running.drift.observed, observed);
});

test.run();
