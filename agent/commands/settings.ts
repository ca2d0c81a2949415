import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { CodedError, messageOf } from "../../errors.js";

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
  let last: Promise<unknown> = Promise.resolve();
  return {
    get now() {
      return now;
    },
    set: (key, camera, value) => {
      const write = async (): Promise<void> => {
        const { [camera]: _, ...others } = now[key] as Record<string, unknown>;
        const changed = { ...now, [key]: value === undefined ? others : { ...others, [camera]: value } };
        await replace(statePath, file, `${JSON.stringify(changed, null, 2)}\n`);
        now = changed;
      };
      const written = last.then(write);
      // What failed is told to whoever asked; the next change is tried all the same.
      last = written.catch(() => undefined);
      return written;
    },
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

/** Whole or not at all, through a power cut too. */
async function replace(statePath: string, file: string, text: string): Promise<void> {
  try {
    await mkdir(statePath, { recursive: true, mode: 0o700 });
    const draft = await open(`${file}.draft`, "w", 0o600);
    try {
      await draft.writeFile(text);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(`${file}.draft`, file);
  } catch (error) {
    throw new CodedError("SETTINGS_UNWRITABLE", `the change cannot be kept, so it is not made: ${messageOf(error)}`, {
      at: file,
      remedy: "Free disk space, or correct the permissions of state.path.",
      cause: error,
    });
  }
}
