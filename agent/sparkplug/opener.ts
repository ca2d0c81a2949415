import type { Config } from "../../config/types.js";
import type { Sparkplug, SparkplugDeps } from "./open.js";

/** Opens Sparkplug for an agent; undefined where the configuration has none, and then its library is not loaded. */
export async function sparkplugOpener({
  sparkplug,
}: Config): Promise<((config: Config, deps: SparkplugDeps) => Sparkplug) | undefined> {
  if (!sparkplug.enabled) return undefined;
  const { openSparkplug } = await import("./open.js");
  return openSparkplug;
}
