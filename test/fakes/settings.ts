import type { Settings } from "../../agent/commands/settings.js";
import { NO_SETTINGS, type SettingsData } from "../../agent/commands/settings-file.js";
import { inTurns } from "../../agent/kit/serial.js";
import { CodedError } from "../../errors.js";

export interface MemorySettings extends Settings {
  /** Until it is writable again, no change can be kept. */
  writable(is: boolean): void;
}

/** In memory. */
export function memorySettings(): MemorySettings {
  const inTurn = inTurns();
  let now: SettingsData = NO_SETTINGS;
  let isWritable = true;
  return {
    get now() {
      return now;
    },
    set: (key, camera, value) =>
      inTurn(() => {
        if (!isWritable) throw new CodedError("SETTINGS_UNWRITABLE", "as asked for");
        const others = Object.entries(now[key]).filter(([other]) => other !== camera);
        const entries = value === undefined ? others : [...others, [camera, value] as const];
        now = { ...now, [key]: Object.fromEntries(entries) };
      }),
    writable: (is) => {
      isWritable = is;
    },
  };
}
