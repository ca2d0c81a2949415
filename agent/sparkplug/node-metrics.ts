import type { Config } from "../../config/types.js";
import { productVersion } from "../kit/version.js";
import { type CameraDevice, enabling } from "./camera-device.js";
import { MetricGroup, type MetricSource } from "./metric-group.js";
import type { Datatype, Value } from "./payload.js";
import type { SparkplugAgent } from "./view.js";

/** What came of the commands of hosts that were not done. */
export interface Refusals {
  readonly count: number;
  /** The latest, as a code, a colon and a sentence; null before the first. */
  readonly latest: string | null;
}

/**
 * The metrics of the edge node itself. A camera's state is among them, as its device's own is worth nothing while that is dead, and so is
 * `Enabled`: a host can enable what it has disabled.
 */
export function nodeMetrics(
  { models }: Pick<Config, "models">,
  agent: SparkplugAgent,
  told: { readonly devices: readonly CameraDevice[]; readonly refusals: () => Refusals },
): MetricGroup {
  const source = (name: string, datatype: Datatype, read: () => Value): MetricSource => ({
    ...{ name, datatype, pace: "prompt" },
    read: () => ({ value: read() }),
  });
  const paced = (...args: Parameters<typeof source>): MetricSource => ({ ...source(...args), pace: "paced" });
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  const ofCameras = agent.cameras.flatMap((camera): MetricSource[] => {
    const { id } = camera.config;
    const name = (what: string): string => `Cameras/${id}/${what}`;
    return [
      source(name("State"), "String", () => camera.standing.state),
      source(name("Reason"), "String", () => camera.standing.reason),
      { ...source(name("Enabled"), "Boolean", () => camera.enabled), write: (value) => enabling(id, value) },
    ];
  });
  const ofModels = Object.keys(models).flatMap((model): MetricSource[] => [
    source(`Models/${model}/Provider`, "String", () => agent.models.get(model)?.engine.providers().used ?? null),
    source(`Models/${model}/Provider Fault`, "String", () => agent.models.get(model)?.engine.providers().fault ?? null),
    source(`Models/${model}/Version`, "String", () => agent.models.get(model)?.engine.model.version ?? null),
  ]);
  const outbox = (what: string, read: (health: ReturnType<SparkplugAgent["outbox"]>) => number): MetricSource =>
    paced(`Outbox/${what}`, "UInt64", () => read(agent.outbox()));
  // Once: the metrics are read at every tick, and this comes from files.
  const version = productVersion();
  const sources: readonly MetricSource[] = [
    source("Properties/Product", "String", () => "Retort"),
    source("Properties/Version", "String", () => version),
    ...ofCameras,
    ...ofModels,
    outbox("Alerts", ({ depth }) => depth),
    outbox("Verdicts", ({ verdicts }) => verdicts),
    outbox("Oldest Seconds", ({ ageMs }) => Math.round(ageMs / 1_000)),
    outbox("Given Up", ({ lost }) => total(Object.values(lost))),
    paced("Waiting/Findings", "UInt64", () => total(told.devices.map(({ waiting }) => waiting.length))),
    paced("Waiting/Given Up", "UInt64", () => total(told.devices.map(({ waiting }) => waiting.givenUp))),
    source("Commands/Refused", "UInt64", () => told.refusals().count),
    source("Commands/Refusal", "String", () => told.refusals().latest),
  ];
  return new MetricGroup(sources, 1);
}
