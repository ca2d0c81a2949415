import { join } from "node:path";
import type { Config, ModelConfig } from "../../config/types.js";
import { CodedError, type ErrorCode, errorCodes, messageOf } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { type BundleCost, bundleSize, costText, medianMs } from "../../models/bundle/speed.js";
import type { EngineHealth } from "../contract/provider-health.js";
import type { Engine } from "../inference/engine.js";
import { EngineStore } from "../inference/engines/store.js";
import { type LoadedModel, loadModel } from "../inference/load.js";
import type { PrecisionReport } from "../inference/protocol.js";
import { pictureFrame } from "../kit/picture-frame.js";
import { goldenPictures } from "../self-test/golden-pictures.js";
import type { Size } from "../types.js";
import type { Check } from "./check.js";

type Load = typeof loadModel;

/** Opens every model as the agent would, and says which provider took it and why not a better one; never rejects. */
export async function modelChecks(config: Config, load: Load = loadModel): Promise<readonly Check[]> {
  const checks: Check[] = [];
  // One after the other: each may fill the GPU's memory.
  for (const [name, entry] of Object.entries(config.models)) {
    checks.push(...(await modelCheck(`models.${name}`, entry, config, load)));
  }
  return checks;
}

async function modelCheck(
  at: string,
  { path: dir, lowered, selfTest }: ModelConfig,
  { inference, state }: Config,
  load: Load,
): Promise<readonly Check[]> {
  let model: LoadedModel;
  try {
    const golden = selfTest === undefined ? null : (size: Size, most: number) => goldenPictures(selfTest, size, most);
    // The agent may be building, and its engines are its own: they are looked at.
    const engines = { store: new EngineStore(join(state.path, "engines")), build: false };
    const others = { lowered: lowered ?? {}, golden, engines, mostWaiting: 1, onRestart: () => undefined };
    model = await load(dir, { inference, ...others });
  } catch (error) {
    return [failed(at, error)];
  }
  const { engine } = model;
  const { name, version } = engine.model;
  const { used, tried, precision, fault = null, unreached = [], engine: built } = engine.providers();
  let cost: BundleCost;
  try {
    const inUse = precision === undefined || precision.used === "fp32" ? null : lowered?.[precision.used];
    const size = await bundleSize(await readBundle(inUse ?? dir));
    cost = { ...size, framesPerSecond: 1_000 / (await medianMs(() => inspectionMs(engine))) };
  } catch (error) {
    return [failed(at, error)];
  } finally {
    await engine.close();
  }
  const size = `${engine.input.width} x ${engine.input.height}`;
  const place = `${used}${precision === undefined ? "" : inPrecision(precision)}`;
  const message = `${name} ${version}, ${size}, runs on ${place}; ${costText(cost)}`;
  return [
    { level: "ok", code: "MODEL_OK", path: at, message, remedy: "", cost },
    ...tried
      .filter(({ taken, reason }) => !taken && reason !== "not needed")
      .map(({ provider, reason }): Check => {
        const remedy = (provider === "tensorrt" && builtRemedy(built)) || (fault === null ? NEEDLESS : MISSING);
        const level = fault === null ? "note" : "fail";
        return { level, code: "PROVIDER_NOT_USED", path: `${at} on ${provider}`, message: reason, remedy };
      }),
    ...unreached.map((text): Check => {
      const remedy = "Take the setting out, or see docs/models.md for the build that takes it.";
      return { level: "note", code: "SETTING_UNREACHED", path: at, message: text, remedy };
    }),
  ];
}

const AWAITED = "Nothing to do: frames are judged meanwhile.";
const REFUSED =
  "It is built anew for another model, TensorRT or driver, and where inference.precisionLimit allows more; to try now, remove engines/ from the state.";
const NEEDLESS = "Nothing to do unless this machine has the hardware for it.";
const MISSING = "Install what is missing, or take it out of inference.providers.";

/** What to do where TensorRT is not used for want of an engine; null where it is not for that. */
function builtRemedy(engine: EngineHealth | undefined): string | null {
  if (engine?.state === "not-built") return AWAITED;
  return engine?.state === "refused" ? REFUSED : null;
}

function failed(at: string, error: unknown): Check {
  const code: ErrorCode = error instanceof CodedError ? error.code : "MODEL_UNUSABLE";
  const remedy = error instanceof CodedError ? error.remedy : errorCodes[code].remedy;
  return { level: "fail", code, path: at, message: messageOf(error), remedy };
}

/** Milliseconds until the engine has judged a black picture. @throws CodedError why it could not */
async function inspectionMs(engine: Engine): Promise<number> {
  const size = engine.input;
  const began = performance.now();
  const outcome = await engine.inspect(
    pictureFrame("doctor", { size, pixels: new Uint8Array(size.width * size.height * 3) }),
  );
  if (outcome.kind === "failed") throw new CodedError(outcome.failure.code, outcome.failure.reason);
  return performance.now() - began;
}

function inPrecision({ asked, used, reason }: PrecisionReport): string {
  return ` in ${used}${asked === used ? "" : ` (${asked} asked for; ${reason})`}`;
}
