import { type Checked, type ConfigLayers, checkConfig } from "../../config/load.js";
import { missingPaths } from "../../config/presence.js";
import { allFindings, type Findings, nothingFound } from "../../config/problems.js";
import type { CameraConfig, Config } from "../../config/types.js";
import { CodedError } from "../../errors.js";

/**
 * A configuration, and all that is wrong with it and with the files and folders that it names, as far as it can be seen without
 * opening a camera, a model or a connection. `check` shows what `run` refuses: both ask here; never rejects.
 */
export async function examineConfig(layers: ConfigLayers): Promise<Checked> {
  const checked = checkConfig(layers);
  const { config } = checked;
  if (config === undefined) return checked;
  return { config, ...allFindings(checked, await filesOf(config)) };
}

async function filesOf(config: Config): Promise<Findings> {
  const missing = missingPaths(config);
  const gone = new Set([...missing.problems, ...missing.warnings].map(({ path }) => path));
  const there = (path: string): boolean => !gone.has(path);
  return allFindings(
    missing,
    ...(await Promise.all([
      ...Object.entries(config.models).map(([name, { path }]) => bundle(`models.${name}.path`, path, there)),
      broker(config, there),
      token(config, there),
      ...config.cameras.flatMap((camera) => [password(camera, there), pictures(camera, there)]),
    ])),
  );
}

type There = (path: string) => boolean;

async function bundle(at: string, dir: string, there: There): Promise<Findings> {
  if (!there(at)) return nothingFound;
  const { readBundle } = await import("../../models/bundle/bundle.js");
  return attempt(at, () => readBundle(dir));
}

async function broker({ mqtt }: Config, there: There): Promise<Findings> {
  const files = ["passwordFile", "caFile", "certFile", "keyFile"] as const;
  if (!files.every((key) => there(`mqtt.${key}`))) return nothingFound;
  const { readCredentials } = await import("../mqtt/credentials.js");
  return attempt("mqtt", () => readCredentials(mqtt));
}

async function token({ http }: Config, there: There): Promise<Findings> {
  const files = ["tokenFile", "viewTokenFile"] as const;
  if (!http.enabled || !files.every((key) => there(`http.${key}`))) return nothingFound;
  const { tokensOf } = await import("../http/token.js");
  return attempt("http.tokenFile", () => tokensOf(http));
}

async function password({ id, enabled, source }: CameraConfig, there: There): Promise<Findings> {
  const at = `cameras.${id}.source.passwordFile`;
  if (!enabled || source.type !== "rtsp" || source.passwordFile === undefined || !there(at)) return nothingFound;
  const { passwordOf } = await import("../capture/password.js");
  return attempt(at, async () => passwordOf(source));
}

async function pictures({ id, enabled, source }: CameraConfig, there: There): Promise<Findings> {
  const path = `cameras.${id}.source.path`;
  if (!enabled || source.type !== "images" || !there(path)) return nothingFound;
  const { listImages } = await import("../../models/pictures/folder.js");
  const { problems } = await attempt(path, () => listImages(source.path, { recursive: true }));
  // Pictures may come while the agent runs.
  const empty = problems.every(({ code }) => code === "IMAGE_FOLDER_EMPTY");
  return empty ? { problems: [], warnings: problems } : { problems, warnings: [] };
}

async function attempt(path: string, work: () => Promise<unknown>): Promise<Findings> {
  try {
    await work();
    return nothingFound;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const { code, message, remedy, at } = error;
    // The setting, where the error names one; else it names a file, and the setting is ours to name.
    const setting = at?.startsWith(`${path}.`) ? at : path;
    return { problems: [{ code, path: setting, message, remedy }], warnings: [] };
  }
}
