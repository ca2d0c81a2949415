import type { Config } from "../../config/types.js";
import { CodedError, type ErrorCode, errorCodes, messageOf } from "../../errors.js";
import { type LoadedModel, loadModel } from "../inference/load.js";
import type { PrecisionReport } from "../inference/protocol.js";
import type { Check } from "./check.js";

type Load = typeof loadModel;

/** Opens every model as the agent would, and says which provider took it and why not a better one; never rejects. */
export async function modelChecks(config: Config, load: Load = loadModel): Promise<readonly Check[]> {
  const checks: Check[] = [];
  // One after the other: each may fill the GPU's memory.
  for (const [name, { path }] of Object.entries(config.models)) {
    checks.push(...(await modelCheck(`models.${name}`, path, config, load)));
  }
  return checks;
}

async function modelCheck(at: string, dir: string, { inference }: Config, load: Load): Promise<readonly Check[]> {
  let model: LoadedModel;
  try {
    model = await load(dir, { inference, mostWaiting: 1, onRestart: () => undefined });
  } catch (error) {
    const code: ErrorCode = error instanceof CodedError ? error.code : "MODEL_UNUSABLE";
    const remedy = error instanceof CodedError ? error.remedy : errorCodes[code].remedy;
    return [{ level: "fail", code, path: at, message: messageOf(error), remedy }];
  }
  const { engine } = model;
  const { name, version } = engine.model;
  const { used, tried, precision } = engine.providers();
  await engine.close();
  const size = `${engine.input.width} x ${engine.input.height}`;
  const message = `${name} ${version}, ${size}, runs on ${used}${precision === undefined ? "" : inPrecision(precision)}`;
  return [
    { level: "ok", code: "MODEL_OK", path: at, message, remedy: "" },
    ...tried
      .filter(({ taken, reason }) => !taken && reason !== "not needed")
      .map(({ provider, reason }): Check => {
        const remedy = "Nothing to do unless this machine has the hardware for it.";
        return { level: "note", code: "PROVIDER_NOT_USED", path: `${at} on ${provider}`, message: reason, remedy };
      }),
  ];
}

function inPrecision({ asked, used, reason }: PrecisionReport): string {
  return ` in ${used}${asked === used ? "" : ` (${asked} asked for; ${reason})`}`;
}
