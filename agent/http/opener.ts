import type { Config } from "../../config/types.js";
import type { Logger } from "../kit/log.js";
import { productVersion } from "../kit/version.js";
import { type Http, openHttp } from "./open.js";
import type { AgentView } from "./view.js";

/** Opens HTTP for an agent; undefined where the configuration has none. */
export async function httpOpener({ http }: Config): Promise<((view: AgentView, log: Logger) => Http) | undefined> {
  if (!http.enabled) return undefined;
  const version = productVersion();
  return (view, log) => openHttp(view, { version, log });
}
