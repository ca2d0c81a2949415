import { Ajv, type ValidateFunction } from "ajv";
import { SCORE_QUANTILES } from "../../models/judging/calibration.js";
import type { GoodReference } from "../../models/judging/good-reference.js";

/** Who changed something by command, and when (RFC 3339); null where the first version, which kept neither, wrote it. */
export interface Change {
  readonly by: string | null;
  readonly since: string | null;
}

export interface ThresholdSetting extends Change {
  readonly value: number | "model";
  /** The command that set it. */
  readonly command: "threshold" | "calibrate";
  /** What good parts scored then: `calibrate` keeps it. */
  readonly goodReference?: GoodReference;
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
  readonly thresholds: Readonly<Record<string, ThresholdSetting>>;
  readonly enabled: Readonly<Record<string, EnabledSetting>>;
  readonly shelved: Readonly<Record<string, Shelving>>;
}

/**
 * The file. Its first three are as version 0.1 writes them, which can so be gone back to; `details` say the same, and who set it and
 * when. The shelvings of version 0.1 were moments of the wall clock: none is written, none is believed.
 */
interface SettingsFile {
  readonly thresholds: Readonly<Record<string, number | "model">>;
  readonly enabled: Readonly<Record<string, boolean>>;
  readonly shelvedUntilMs: Readonly<Record<string, number>>;
  readonly details?: SettingsData;
}

export const NO_SETTINGS: SettingsData = { thresholds: {}, enabled: {}, shelved: {} };

const limit = { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { const: "model" }] };
const text = { type: ["string", "null"] };
const byCamera = (value: object) => ({ type: "object", additionalProperties: value });
const change = (properties: object, optional: object = {}) => ({
  type: "object",
  required: [...Object.keys(properties), "by", "since"],
  properties: { ...properties, ...optional, by: text, since: text },
});
const reference = {
  type: "object",
  required: ["source", "pictures", "quantiles", "wanted"],
  properties: {
    source: { const: "calibrate" },
    pictures: { type: "integer", minimum: 1 },
    wanted: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
    quantiles: SCORE_QUANTILES,
  },
};

const SETTINGS_FILE = {
  type: "object",
  required: ["thresholds", "enabled", "shelvedUntilMs"],
  properties: {
    thresholds: byCamera(limit),
    enabled: byCamera({ type: "boolean" }),
    shelvedUntilMs: byCamera({ type: "number" }),
    details: {
      type: "object",
      required: Object.keys(NO_SETTINGS),
      properties: {
        thresholds: byCamera(
          change(
            {
              value: limit,
              command: { enum: ["threshold", "calibrate"] },
              configured: { anyOf: [...limit.anyOf, { type: "null" }] },
            },
            { goodReference: reference },
          ),
        ),
        enabled: byCamera(change({ value: { type: "boolean" }, configured: { type: ["boolean", "null"] } })),
        shelved: byCamera(change({ leftMs: { type: "number", minimum: 0 }, asOfMs: { type: "number" } })),
      },
    },
  },
};

let isOfForm: ValidateFunction<SettingsFile> | undefined;

/** Compiled when there is a file: a start without one does not wait for it. */
function isSettingsFile(file: unknown): file is SettingsFile {
  isOfForm ??= new Ajv({ allowUnionTypes: true }).compile<SettingsFile>(SETTINGS_FILE);
  return isOfForm(file);
}

/** The text of the file. */
export function fileOf(settings: SettingsData): string {
  const values = <Value>(of: Readonly<Record<string, { readonly value: Value }>>) => mapped(of, ({ value }) => value);
  const file: SettingsFile = {
    thresholds: values(settings.thresholds),
    enabled: values(settings.enabled),
    shelvedUntilMs: {},
    details: settings,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The settings in the text of the file; null where no version wrote it. @throws SyntaxError */
export function settingsIn(text: string): SettingsData | null {
  const file: unknown = JSON.parse(text);
  if (!isSettingsFile(file)) return null;
  const { details = NO_SETTINGS } = file;
  const unknown = { by: null, since: null, configured: null };
  /** What version 0.1 has changed since has no details, or those of another value. */
  const detailed = <Value, Setting extends { readonly value: Value }>(
    values: Readonly<Record<string, Value>>,
    settings: Readonly<Record<string, Setting>>,
    otherwise: (value: Value) => Setting,
  ): Record<string, Setting> =>
    mapped(values, (value, camera) => {
      const setting = own(settings, camera);
      return setting?.value === value ? setting : otherwise(value);
    });
  return {
    thresholds: detailed(file.thresholds, details.thresholds, (value): ThresholdSetting => {
      return { value, command: "threshold", ...unknown };
    }),
    enabled: detailed(file.enabled, details.enabled, (value) => ({ value, ...unknown })),
    shelved: details.shelved,
  };
}

/** The entry of a camera, which may have the name of something that every object has. */
export function own<Value>(byCamera: Readonly<Record<string, Value>>, camera: string): Value | undefined {
  return Object.hasOwn(byCamera, camera) ? byCamera[camera] : undefined;
}

function mapped<A, B>(record: Readonly<Record<string, A>>, to: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value, key)]));
}
