import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertConfig, CameraConfig, Config, HealthConfig, HttpConfig, MqttConfig } from "../../config/types.js";

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with the process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "retort-test-"));
  folders.push(folder);
  return folder;
}

/** Plain alerts: on and off at the threshold, each of its own. */
export function alertConfig(rest: Partial<AlertConfig> = {}): AlertConfig {
  return {
    threshold: "model",
    raiseAfter: 2,
    within: null,
    clearAfter: 2,
    clearBelow: 1,
    mergeWithinS: 0,
    ...rest,
  };
}

/** Tests show pictures of one grey: no camera would. */
const healthOff: HealthConfig = {
  enabled: false,
  black: 0.999,
  saturated: 0.99,
  frozenAfter: "auto",
  blurred: 0.3,
  obstructed: 0.5,
};

export function cameraConfig(id: string, rest: Partial<CameraConfig> = {}): CameraConfig {
  return {
    id,
    model: "plate",
    enabled: true,
    source: { type: "demo" },
    fps: 1000,
    roi: { x: 0, y: 0, width: 1, height: 1 },
    health: healthOff,
    alert: alertConfig(),
    ...rest,
  };
}

export function mqttConfig(rest: Partial<MqttConfig> = {}): MqttConfig {
  return {
    url: "embedded",
    prefix: "retort",
    username: null,
    passwordFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    serverName: null,
    ...rest,
  };
}

/** Any free port on loopback. */
export function httpConfig(rest: Partial<HttpConfig> = {}): HttpConfig {
  return {
    enabled: true,
    host: "127.0.0.1",
    port: 0,
    tokenFile: null,
    names: [],
    maxConnections: 64,
    maxStreams: 4,
    streamFps: 10,
    ...rest,
  };
}

export function configOf(cameras: readonly CameraConfig[], rest: Partial<Config> = {}): Config {
  return {
    agent: { id: "line-7" },
    mqtt: mqttConfig(),
    models: { plate: { path: "models/demo" } },
    inference: { providers: ["cpu"], precision: "fp32", threads: 1, maxBatch: 8 },
    cameras,
    alerts: { floodAbove: 0, summaryEveryS: 5, historyMax: 2_000, historyDays: 30 },
    outbox: { maxMb: 16, maxAgeHours: 1 },
    http: httpConfig(),
    evidence: { enabled: true, maxMb: 64, keepDays: 30, quality: 80, ringFrames: 3, ringMb: 8 },
    state: { path: temporaryFolder() },
    ...rest,
  };
}
