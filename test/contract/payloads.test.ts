import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { alertPayload } from "../../agent/contract/alert-payload.js";
import { contextAckPayload, verdictPayload } from "../../agent/contract/part-payloads.js";
import {
  healthPayload,
  replyPayload,
  scorePayload,
  statePayload,
  statusPayload,
} from "../../agent/contract/payloads.js";
import type { AlertStep, ModelIdentity, PartVerdict, Verdict } from "../../agent/types.js";
import { schemaFaults, schemaFolder } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { UNKNOWN_DRIFT } from "../support/view.js";

const test = suite("mqtt payloads");
const model: ModelIdentity = { name: "m", version: "1", sha256: "0".repeat(64), provider: "cpu" };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const verdict: Verdict = {
  inspection: {
    frame: {
      camera: "c",
      number: 7,
      pixels: new Uint8Array(3),
      size: { width: 1, height: 1 },
      view: { x: 0, y: 0, width: 1, height: 1 },
      capturedAtMs: nowMs,
      availableAtMs: 1_000,
      captureMs: 5,
    },
    score: 0.75,
    map: new Float32Array(1),
    model,
    queueMs: 2,
    inferenceMs: 40,
  },
  threshold: { value: 0.5, calibration: null },
  anomalous: true,
};
const step: AlertStep = {
  id: "0190a6f0-0000-7000-8000-000000000000",
  phase: "raised",
  camera: "c",
  tsMs: nowMs,
  score: 0.75,
  threshold: 0.5,
  calibration: null,
  peak: 0.8,
  atPeak: { tsMs: nowMs - 100, regions: [{ x: 1, y: 2, width: 3, height: 4, area: 9, score: 0.8 }], context: null },
  durationMs: 12.4,
  frames: 2,
  raises: 1,
  regions: [{ x: 1, y: 2, width: 3, height: 4, area: 9, score: 0.8 }],
  model,
  context: { part: "a" },
};
const part: PartVerdict = {
  camera: "c",
  part: "a-17",
  verdict: "ng",
  reason: null,
  unknownIs: null,
  tsMs: nowMs,
  score: 0.75,
  threshold: 0.5,
  frames: 1,
  frame: 7,
  file: "shift2/a.png",
  regions: step.regions,
  latencyMs: 41.23456,
  deadlineMs: 200,
  late: false,
  model,
  context: { part: "a-17" },
};
const unknownPart: PartVerdict = {
  ...part,
  part: 18,
  verdict: "unknown",
  reason: "dropped: the picture was not judged (newer-frame)",
  unknownIs: "ng",
  score: null,
  threshold: null,
  frames: 0,
  frame: null,
  regions: [],
  latencyMs: null,
  deadlineMs: null,
  model: null,
  context: null,
};
const health = {
  uptimeS: 3,
  cameras: {
    c: {
      captured: 3,
      scored: 1,
      dropped: { "newer-frame": 1 },
      failed: 0,
      inFlight: 1,
      share: 1 / 3,
      fps: 10,
      latencyMs: null,
      alerts: { heldBack: { shelved: 0, flood: 1 }, shelvedUntil: null },
      parts: { ok: 5, ng: 1, unknown: 1, late: 0 },
      drift: UNKNOWN_DRIFT,
    },
  },
  providers: { m: { used: "cpu", tried: [{ provider: "cuda", taken: false, reason: "no GPU" }] } },
  stuckThreads: 0,
  outbox: {
    depth: 3,
    ageMs: 10,
    bytes: 1_000,
    evidence: 1,
    verdicts: 2,
    undurable: 0,
    full: false,
    lost: { "alert-room": 2 },
    gaps: [{ from: 4, to: 5, reason: "alert-room" }],
    damage: [{ kind: "block", count: 1 }],
  },
  broker: {
    connected: false,
    protocol: null,
    waiting: 2,
    lost: { offline: 1 },
    trouble: { code: "MQTT_ID_TAKEN" as const, message: "another client", ts: "2026-01-02T03:04:05.678Z" },
  },
  modbus: {
    listening: true,
    connections: 1,
    requests: 100,
    refused: 1,
    hungUp: { full: 0, malformed: 1, excess: 0, idle: 0 },
  },
  sparkplug: { online: true, hostOnline: null, waiting: 2, givenUp: 1, refused: 3 },
  evidence: {
    made: 3,
    skipped: { rate: 1, late: 0 },
    failed: { timeout: 1 },
    frames: { kept: 2, modelSize: 1, failed: { busy: 1 } },
    stored: { items: 5, mb: 1.2, removed: { age: 1, quota: 0, "disk-full": 0 }, failed: {} },
  },
  selfTests: { m: { ts: "2026-01-02T03:04:05.006Z", passed: false, pictures: 3, reason: "SELF_TEST_FAILED: 1 of 3" } },
  memory: { rssMb: 1.5, anonymousMb: 1.2, heapMb: 1 },
  temperaturesC: { cpu: 41.5 },
  gpuLoad: null,
  ...{ powerW: { VDD_IN: 9.25 }, powerMode: "15W", cpuFrequency: 0.5 },
  throttling: { reasons: ["gpu-throttle-alert"], events: { oc1: 0, oc3: 2 } },
};

test("every payload is what its schema says", () => {
  const at = { nowMs, sinceMs: nowMs, version: "0.1.0" };
  assert.equal(schemaFaults("status", statusPayload("online", at)), []);
  assert.equal(schemaFaults("state", statePayload("no-signal", { nowMs, sinceMs: nowMs, reason: "unplugged" })), []);
  assert.equal(schemaFaults("score", scorePayload(verdict, 1_050)), []);
  const { inspection } = verdict;
  const ofFile = { ...verdict, inspection: { ...inspection, frame: { ...inspection.frame, file: "shift2/a.png" } } };
  assert.equal(schemaFaults("score", scorePayload(ofFile, 1_050)), []);
  assert.is(scorePayload(ofFile, 1_050).file, "shift2/a.png");
  assert.equal(schemaFaults("alert", alertPayload(step, { seq: 1 })), []);
  assert.equal(schemaFaults("verdict", verdictPayload(part, 1)), []);
  assert.equal(schemaFaults("verdict", verdictPayload(unknownPart, 2)), []);
  assert.is(verdictPayload(part, 1).latencyMs, 41.235);
  assert.equal(schemaFaults("context-ack", contextAckPayload("1", { part: "a-17", fromFrame: 8, nowMs })), []);
  assert.equal(schemaFaults("health", healthPayload(health, nowMs)), []);
  assert.equal(schemaFaults("health", healthPayload({ ...health, evidence: null, sparkplug: null }, nowMs)), []);
  assert.equal(schemaFaults("reply", replyPayload("1", { ok: true, result: 3 })), []);
  assert.equal(schemaFaults("reply", replyPayload(null, { ok: false, code: "PAYLOAD_INVALID", message: "no" })), []);
});

test("the schemas refuse what the contract does not allow", () => {
  const alert = alertPayload(step, { seq: 1 });
  for (const [wrong, at] of [
    [{ ...alert, v: 2 }, '"v" is'],
    [{ ...alert, seq: 0 }, '"seq" is'],
    [{ ...alert, id: "1" }, '"id" is'],
    [{ ...alert, ts: "2026-01-02T03:04:05Z" }, '"ts" is'],
    [{ ...alert, phase: "new" }, '"phase" is'],
    [{ ...alert, score: null }, '"score" is'],
  ] as const) {
    assert.ok(schemaFaults("alert", wrong)[0]?.startsWith(at), at);
  }
  const verdict = verdictPayload(part, 1);
  for (const [wrong, at] of [
    [{ ...verdict, seq: 0 }, '"seq" is'],
    [{ ...verdict, verdict: "good" }, '"verdict" is'],
    [{ ...verdict, part: null }, '"part" is'],
  ] as const) {
    assert.ok(schemaFaults("verdict", wrong)[0]?.startsWith(at), at);
  }
  assert.is.not(schemaFaults("reply", { v: 1, id: "1", ok: false, result: 1 }).length, 0);
});

test("a score tells the time of capture, and the latency from the camera to its publication", () => {
  const { ts, latencyMs } = scorePayload(verdict, 1_050);
  assert.is(ts, "2026-01-02T03:04:05.006Z");
  assert.equal(latencyMs, { capture: 5, queue: 2, inference: 40, total: 55 });
});

/** The contract's. */
const commands = [
  "snapshot",
  "inspect",
  "enable",
  "disable",
  "threshold",
  "calibrate",
  "acknowledge",
  "shelve",
  "feedback",
  "restart-camera",
  "status",
];

test("the AsyncAPI document names a channel, an operation and a schema for every topic", () => {
  const document = parse(readFileSync(join(schemaFolder, "asyncapi.yaml"), "utf8")) as {
    asyncapi: string;
    channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
    operations: Record<string, { channel: { $ref: string }; reply?: { channel: { $ref: string } } }>;
    components: { messages: Record<string, { payload: { schema: { $ref: string } } }> };
  };
  assert.match(document.asyncapi, /^3\./);
  const names = Object.keys(document.channels);
  assert.equal(names.sort(), [
    "alert",
    "command",
    "context",
    "context-ack",
    "evidence",
    "health",
    "picture",
    "reply",
    "score",
    "state",
    "status",
    "summary",
    "verdict",
  ]);
  const used = Object.values(document.operations).flatMap(({ channel, reply }) => [channel.$ref, reply?.channel.$ref]);
  for (const name of names) {
    assert.ok(used.includes(`#/channels/${name}`), `${name} is in no operation`);
    const messages = name === "command" ? commands.map((command) => `command-${command}`) : [name];
    assert.equal(Object.keys(document.channels[name]!.messages).sort(), messages.sort());
    for (const message of messages) {
      assert.equal(document.channels[name]!.messages[message], { $ref: `#/components/messages/${message}` });
      if (name === "evidence" || name === "picture") continue;
      const { $ref } = document.components.messages[message]!.payload.schema;
      assert.is($ref, `./${message}.json`);
      assert.is.not(schemaFaults(message, null).length, 0, `${message}.json is no schema of an object`);
    }
  }
});

test.run();
