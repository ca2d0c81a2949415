import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "../../config/problems.js";
import type { Config } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { limitOf, overridesOf } from "../commands/in-force.js";
import { NO_SETTINGS, own, type SettingsData, settingsIn } from "../commands/settings-file.js";

/** What a camera would be judged by if the agent were started now. */
export interface InForce {
  readonly threshold: number;
  /** Who set it, in words. */
  readonly how: string;
}

/** By camera, and what of the configuration is not in force because a command has said otherwise. */
export interface Standing {
  readonly inForce: Readonly<Record<string, InForce>>;
  readonly warnings: readonly Problem[];
}

/**
 * Reads the bundles' thresholds and what commands have left in the state folder; changes nothing.
 * @throws CodedError of readBundle
 */
export async function standingOf(config: Config): Promise<Standing> {
  const { settings, warnings } = await settingsOf(config.state.path);
  const models = Object.entries(config.models).map(
    async ([name, { path }]) => [name, (await readBundle(path)).manifest.threshold] as const,
  );
  const thresholds = new Map(await Promise.all(models));
  const isCommanded = (id: string) => own(settings.thresholds, id) !== undefined;
  const inForce = config.cameras.map((camera): readonly [string, InForce] => {
    const { limit, how } = limitOf(camera, settings);
    if (limit !== "model") return [camera.id, { threshold: limit, how }];
    // Every camera's model is one of these: a valid configuration has no other.
    const threshold = thresholds.get(camera.model)!;
    return [camera.id, { threshold, how: isCommanded(camera.id) ? `the model's, ${how}` : "the model's" }];
  });
  const overrides = overridesOf(config.cameras, settings).map(({ path, message, remedy }): Problem => {
    return { code: "CONFIG_OVERRIDDEN", path, message, remedy };
  });
  return { inForce: Object.fromEntries(inForce), warnings: [...warnings, ...overrides] };
}

async function settingsOf(
  statePath: string,
): Promise<{ readonly settings: SettingsData; readonly warnings: readonly Problem[] }> {
  const file = join(statePath, "settings.json");
  const unreadable = (reason: string) => {
    const message = `what commands have set cannot be read: ${reason}`;
    const remedy = "Run check as the agent's user; a damaged file is put aside when the agent starts.";
    return { settings: NO_SETTINGS, warnings: [{ code: "SETTINGS_UNREADABLE", path: file, message, remedy } as const] };
  };
  try {
    const settings = settingsIn(await readFile(file, "utf8"));
    return settings === null ? unreadable("it is not what the agent wrote") : { settings, warnings: [] };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { settings: NO_SETTINGS, warnings: [] };
    return unreadable(messageOf(error));
  }
}
