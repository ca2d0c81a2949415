import type { Config } from "../../config/types.js";
import type { AgentDeps } from "../agent.js";
import { productVersion } from "../kit/version.js";
import { openHttp } from "./open.js";

/** Opens HTTP for an agent; undefined where the configuration has none. */
export async function httpOpener({ http }: Config): Promise<AgentDeps["openHttp"]> {
  if (!http.enabled) return undefined;
  const version = productVersion();
  return (view, log) => openHttp(view, { version, log });
}
