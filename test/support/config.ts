import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultsOf } from "../../config/defaults.js";
import { schema } from "../../config/schema.js";
import type {
  AlertConfig,
  CameraConfig,
  Config,
  HomeAssistantConfig,
  HttpConfig,
  InferenceConfig,
  ModbusConfig,
  MqttConfig,
  SparkplugConfig,
} from "../../config/types.js";

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

const { agent, mqtt, inference, cameras, alerts, evidence, outbox, http, modbus, homeAssistant, sparkplug } =
  schema.keys;
const { roi, health, alert, parts, modbus: cameraModbus } = cameras.each.keys;

/** Plain alerts: on and off at the threshold, each of its own. */
export function alertConfig(rest: Partial<AlertConfig> = {}): AlertConfig {
  return { ...defaultsOf(alert), clearAfter: 2, clearBelow: 1, mergeWithinS: 0, ...rest };
}

export function cameraConfig(id: string, rest: Partial<CameraConfig> = {}): CameraConfig {
  return {
    id,
    model: "plate",
    enabled: true,
    source: { type: "demo" },
    fps: 1000,
    noSignalAfterS: "auto",
    roi: defaultsOf(roi),
    // Tests show pictures of one grey: no camera would.
    health: { ...defaultsOf(health), enabled: false },
    alert: alertConfig(),
    parts: defaultsOf(parts),
    modbus: defaultsOf(cameraModbus),
    ...rest,
  };
}

export function mqttConfig(rest: Partial<MqttConfig> = {}): MqttConfig {
  return { ...defaultsOf(mqtt), ...rest };
}

/** Any free port on loopback. */
export function httpConfig(rest: Partial<HttpConfig> = {}): HttpConfig {
  return { ...defaultsOf(http), port: 0, ...rest };
}

/** On loopback; the port is the test's to choose. */
export function modbusConfig(rest: Partial<ModbusConfig> = {}): ModbusConfig {
  return { ...defaultsOf(modbus), enabled: true, ...rest };
}

export function sparkplugConfig(rest: Partial<SparkplugConfig> = {}): SparkplugConfig {
  return { ...defaultsOf(sparkplug), enabled: true, ...rest };
}

export function homeAssistantConfig(rest: Partial<HomeAssistantConfig> = {}): HomeAssistantConfig {
  return { ...defaultsOf(homeAssistant), enabled: true, ...rest };
}

/** What a model runs with in tests: one thread leaves the other core to what is tested. */
export function inferenceConfig(rest: Partial<InferenceConfig> = {}): InferenceConfig {
  return { ...defaultsOf(inference), providers: ["cpu"], precision: "fp32", threads: 1, ...rest };
}

export function configOf(configured: readonly CameraConfig[], rest: Partial<Config> = {}): Config {
  return {
    agent: { ...defaultsOf(agent), id: "line-7" },
    mqtt: mqttConfig(),
    models: { plate: { path: "models/demo" } },
    inference: inferenceConfig(),
    cameras: configured,
    alerts: { ...defaultsOf(alerts), floodAbove: 0 },
    outbox: { ...defaultsOf(outbox), maxMb: 16, maxAgeHours: 1 },
    http: httpConfig(),
    modbus: defaultsOf(modbus),
    sparkplug: defaultsOf(sparkplug),
    homeAssistant: defaultsOf(homeAssistant),
    evidence: { ...defaultsOf(evidence), maxMb: 64, ringFrames: 3, ringMb: 8 },
    state: { path: temporaryFolder() },
    ...rest,
  };
}
