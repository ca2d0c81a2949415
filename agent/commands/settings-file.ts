import { Ajv } from "ajv";

/** Who changed something by command, and when (RFC 3339); null where the first version, which kept neither, wrote it. */
export interface Change {
  readonly by: string | null;
  readonly since: string | null;
}

export interface ThresholdSetting extends Change {
  readonly value: number | "model";
  /** The command that set it. */
  readonly command: "threshold" | "calibrate";
  /** What the configuration said at that moment. */
  readonly configured: number | "model" | null;
}

export interface EnabledSetting extends Change {
  readonly value: boolean;
  /** What the configuration said at that moment. */
  readonly configured: boolean | null;
}

/**
 * How much of a camera's shelving is left. A duration, with the wall clock's word for when that was so: a moment in the future would
 * shelve for years once the clock has gone back.
 */
export interface Shelving extends Change {
  readonly leftMs: number;
  /** Epoch milliseconds. */
  readonly asOfMs: number;
}

/** By camera; what is absent is as the configuration says. */
export interface SettingsData {
  readonly v: 2;
  readonly thresholds: Readonly<Record<string, ThresholdSetting>>;
  readonly enabled: Readonly<Record<string, EnabledSetting>>;
  readonly shelved: Readonly<Record<string, Shelving>>;
}

/** As the first version wrote it. Its shelvings were moments of the wall clock, which say nothing once the clock was wrong. */
interface FirstForm {
  readonly thresholds: Readonly<Record<string, number | "model">>;
  readonly enabled: Readonly<Record<string, boolean>>;
  readonly shelvedUntilMs: Readonly<Record<string, number>>;
}

export const NO_SETTINGS: SettingsData = { v: 2, thresholds: {}, enabled: {}, shelved: {} };

const limit = { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { const: "model" }] };
const text = { type: ["string", "null"] };
const byCamera = (value: object) => ({ type: "object", additionalProperties: value });
const change = (properties: object) => ({
  type: "object",
  required: [...Object.keys(properties), "by", "since"],
  properties: { ...properties, by: text, since: text },
});

const ajv = new Ajv({ allowUnionTypes: true });
const isSettings = ajv.compile<SettingsData>({
  type: "object",
  required: Object.keys(NO_SETTINGS),
  properties: {
    v: { const: 2 },
    thresholds: byCamera(
      change({
        value: limit,
        command: { enum: ["threshold", "calibrate"] },
        configured: { anyOf: [...limit.anyOf, { type: "null" }] },
      }),
    ),
    enabled: byCamera(change({ value: { type: "boolean" }, configured: { type: ["boolean", "null"] } })),
    shelved: byCamera(change({ leftMs: { type: "number", minimum: 0 }, asOfMs: { type: "number" } })),
  },
});
const isFirstForm = ajv.compile<FirstForm>({
  type: "object",
  required: ["thresholds", "enabled", "shelvedUntilMs"],
  properties: {
    v: false,
    thresholds: byCamera(limit),
    enabled: byCamera({ type: "boolean" }),
    shelvedUntilMs: byCamera({ type: "number" }),
  },
});

/** The settings in the text of their file, of any version; null where no version wrote it. @throws SyntaxError */
export function settingsIn(file: string): SettingsData | null {
  const parsed: unknown = JSON.parse(file);
  if (isSettings(parsed)) return parsed;
  if (!isFirstForm(parsed)) return null;
  const unknown = { by: null, since: null, configured: null };
  return {
    ...NO_SETTINGS,
    thresholds: mapped(parsed.thresholds, (value) => ({ value, command: "threshold", ...unknown })),
    enabled: mapped(parsed.enabled, (value) => ({ value, ...unknown })),
  };
}

/** The entry of a camera, which may have the name of something that every object has. */
export function own<Value>(byCamera: Readonly<Record<string, Value>>, camera: string): Value | undefined {
  return Object.hasOwn(byCamera, camera) ? byCamera[camera] : undefined;
}

function mapped<A, B>(record: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}
