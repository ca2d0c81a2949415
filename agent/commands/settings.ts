import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import { inTurns } from "../kit/serial.js";
import { fileOf, NO_SETTINGS, type SettingsData, settingsIn } from "./settings-file.js";

/** What commands have changed and a restart must not undo. */
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

/**
 * A small file of its own below the state folder, replaced whole. One that is damaged is put aside and reported: the configuration
 * is then in force, and the agent runs.
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

/** What commands have changed, as far as it can be read; nothing is reported or put aside. */
export async function peekSettings(statePath: string): Promise<SettingsData> {
  const read = readFile(join(statePath, "settings.json"), "utf8").then(settingsIn);
  return (await read.catch(() => null)) ?? NO_SETTINGS;
}

async function read(file: string, onTrouble: (fault: CodedError) => void): Promise<SettingsData> {
  let reason: string;
  try {
    const settings = settingsIn(await readFile(file, "utf8"));
    if (settings !== null) return settings;
    reason = "it is not what the agent wrote";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NO_SETTINGS;
    reason = messageOf(error);
  }
  const aside = `${file}.damaged`;
  await rename(file, aside).catch((error: unknown) => {
    reason += `; nor can it be put aside: ${messageOf(error)}`;
  });
  onTrouble(
    new CodedError("SETTINGS_UNREADABLE", `what commands had changed is lost: ${reason}`, {
      at: file,
      remedy: `The configuration is in force. Look into ${aside}, and give the commands again.`,
    }),
  );
  return NO_SETTINGS;
}

async function write(file: string, settings: SettingsData): Promise<void> {
  try {
    await makeFolder(dirname(file), { mode: 0o700 });
    await replaceFile(file, fileOf(settings), { mode: 0o600 });
  } catch (error) {
    throw new CodedError("SETTINGS_UNWRITABLE", `the change cannot be kept, so it is not made: ${messageOf(error)}`, {
      at: file,
      cause: error,
    });
  }
}
