import type { CameraConfig } from "../../config/types.js";
import type { GoodReference } from "../../models/judging/good-reference.js";
import type { CameraInForce } from "../contract/in-force.js";
import { timestamp } from "../contract/payloads.js";
import type { CommandedCamera } from "./camera.js";
import { type Change, own, type SettingsData } from "./settings-file.js";

const NOBODY = { by: null, since: null };

/** The threshold of a camera: a command's, else the configuration's; how it was set, in words; what good parts scored then, as `calibrate` kept it. */
export function limitOf(
  { id, alert }: Pick<CameraConfig, "id" | "alert">,
  { thresholds }: SettingsData,
): { readonly limit: number | "model"; readonly how: string; readonly goodReference?: GoodReference } {
  const set = own(thresholds, id);
  if (set === undefined) return { limit: alert.threshold, how: "set in the configuration" };
  const { value: limit, goodReference } = set;
  const how = `set by the command ${set.command}${byWhom(set)}`;
  return { limit, how, ...(goodReference === undefined ? {} : { goodReference }) };
}

export function isEnabled({ id, enabled }: Pick<CameraConfig, "id" | "enabled">, settings: SettingsData): boolean {
  return own(settings.enabled, id)?.value ?? enabled;
}

/** The part of a camera that holds what is in force. */
export interface Held extends Pick<CommandedCamera, "config" | "enabled" | "threshold"> {
  readonly alerts: { readonly shelvedUntilMs: number | null };
}

export function inForceOf({ config, enabled, threshold, alerts }: Held, settings: SettingsData): CameraInForce {
  const set = own(settings.thresholds, config.id);
  const switched = own(settings.enabled, config.id);
  const shelving = own(settings.shelved, config.id);
  const configured = config.alert.threshold;
  const fromConfiguration = configured === "model" ? ("model" as const) : ("configuration" as const);
  const untilMs = alerts.shelvedUntilMs;
  return {
    threshold: {
      value: threshold(),
      source: set === undefined ? fromConfiguration : "command",
      ...changeOf(set),
      configured,
    },
    enabled: {
      value: enabled,
      source: switched === undefined ? "configuration" : "command",
      ...changeOf(switched),
      configured: config.enabled,
    },
    shelved: untilMs === null ? null : { until: timestamp(untilMs), ...changeOf(shelving) },
  };
}

/** A setting of the configuration that is not in force, since a command has set another. */
export interface Override {
  /** The configuration's path. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
  /** Whether the configuration was edited since: its editor may believe that the edit is in force. */
  readonly edited: boolean;
}

/** The settings of the configuration that are not in force. */
export function overridesOf(cameras: readonly CameraConfig[], settings: SettingsData): readonly Override[] {
  return cameras.flatMap((camera) => {
    const set = own(settings.thresholds, camera.id);
    const switched = own(settings.enabled, camera.id);
    const path = `cameras.${camera.id}`;
    return [
      ...(set === undefined || set.value === camera.alert.threshold
        ? []
        : [
            override(`${path}.alert.threshold`, camera.alert.threshold, set, `command ${set.command}`, {
              remedy: 'Send the command threshold with "threshold": null to go back to the configuration.',
            }),
          ]),
      ...(switched === undefined || switched.value === camera.enabled
        ? []
        : [
            override(`${path}.enabled`, camera.enabled, switched, `command ${switched.value ? "enable" : "disable"}`, {
              remedy: `Send the command ${camera.enabled ? "enable" : "disable"} to go back to the configuration.`,
            }),
          ]),
    ];
  });
}

function override<Value>(
  path: string,
  configured: Value,
  set: Change & { readonly value: Value; readonly configured: Value | null },
  command: string,
  { remedy }: { readonly remedy: string },
): Override {
  const edited = set.configured !== null && set.configured !== configured;
  const was = edited ? `, and was ${set.configured} then` : "";
  const message = `${set.value} is in force, by the ${command}${byWhom(set)}; the configuration says ${configured}${was}`;
  return { path, message, remedy, edited };
}

function byWhom({ by, since }: Change): string {
  return `${by === null ? "" : ` of ${by}`}${since === null ? "" : `, ${since}`}`;
}

function changeOf(change: Change | undefined): Change {
  return change === undefined ? NOBODY : { by: change.by, since: change.since };
}
