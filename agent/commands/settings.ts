import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import { inTurns } from "../kit/serial.js";

/** What commands have changed and a restart must not undo, by camera. */
export interface SettingsData {
  /** In the place of the configuration's. */
  readonly thresholds: Readonly<Record<string, number | "model">>;
  readonly enabled: Readonly<Record<string, boolean>>;
  /** Until when a camera's alerts are shelved, epoch milliseconds. */
  readonly shelvedUntilMs: Readonly<Record<string, number>>;
}

export interface Settings {
  readonly now: SettingsData;
  /**
   * Resolves when the change is on disk, and only then is it in `now`.
   * @param value undefined: what the configuration says
   * @throws CodedError SETTINGS_UNWRITABLE
   */
  set<Key extends keyof SettingsData>(
    key: Key,
    camera: string,
    value: SettingsData[Key][string] | undefined,
  ): Promise<void>;
}

const empty: SettingsData = { thresholds: {}, enabled: {}, shelvedUntilMs: {} };

const byCamera = (value: object) => ({ type: "object", additionalProperties: value });
const isSettings = new Ajv({ allowUnionTypes: true }).compile<SettingsData>({
  type: "object",
  required: Object.keys(empty),
  properties: {
    thresholds: byCamera({ anyOf: [{ type: "number", exclusiveMinimum: 0 }, { const: "model" }] }),
    enabled: byCamera({ type: "boolean" }),
    shelvedUntilMs: byCamera({ type: "number" }),
  },
});

/**
 * A small file of its own below the state directory, written whole. One that is damaged is put aside and told: the
 * configuration is then what holds, and the agent runs.
 */
export async function openSettings(statePath: string, onTrouble: (fault: CodedError) => void): Promise<Settings> {
  const file = join(statePath, "settings.json");
  let now = await read(file, onTrouble);
  const inTurn = inTurns();
  return {
    get now() {
      return now;
    },
    set: (key, camera, value) =>
      inTurn(async () => {
        const { [camera]: _, ...others } = now[key] as Record<string, unknown>;
        const changed = { ...now, [key]: value === undefined ? others : { ...others, [camera]: value } };
        await write(file, changed);
        now = changed;
      }),
  };
}

async function read(file: string, onTrouble: (fault: CodedError) => void): Promise<SettingsData> {
  let reason: string;
  try {
    const parsed: unknown = JSON.parse(await readFile(file, "utf8"));
    if (isSettings(parsed)) return parsed;
    reason = "it is not what the agent wrote";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return empty;
    reason = messageOf(error);
  }
  const aside = `${file}.damaged`;
  await rename(file, aside).catch((error: unknown) => {
    reason += `; nor can it be put aside: ${messageOf(error)}`;
  });
  onTrouble(
    new CodedError("SETTINGS_UNREADABLE", `what commands had changed is lost: ${reason}`, {
      at: file,
      remedy: `The configuration holds. Look into ${aside}, and give the commands again.`,
    }),
  );
  return empty;
}

async function write(file: string, settings: SettingsData): Promise<void> {
  try {
    await makeFolder(dirname(file), { mode: 0o700 });
    await replaceFile(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CodedError("SETTINGS_UNWRITABLE", `the change cannot be kept, so it is not made: ${messageOf(error)}`, {
      at: file,
      cause: error,
    });
  }
}
