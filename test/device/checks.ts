import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { takeTurns } from "../../agent/bench/compare.js";
import { percentile } from "../../agent/health/ledger.js";
import { machineMeter } from "../../agent/health/machine.js";
import { differenceOf, judgeOf } from "../../agent/inference/difference.js";
import type { Engine } from "../../agent/inference/engine.js";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { loadModel } from "../../agent/inference/load.js";
import { type BareModel, openBareModel } from "../../agent/inference/measure.js";
import { pictureFrame } from "../../agent/kit/picture-frame.js";
import type { InferenceConfig } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import type { Finding } from "./findings.js";
import { drawnParts } from "./pictures.js";

const PROVIDERS = ["cpu", "cuda", "tensorrt"] as const;
type Provider = (typeof PROVIDERS)[number];

/** The share of a score that another provider's may differ by: cuDNN and TensorRT add up in another order, and TF32 is off. */
const LIMIT = 0.01;
/** The longest that a build may take: a small board needs minutes for a ResNet. */
const BUILD_MS = 30 * 60_000;

export interface Subject {
  /** Folders of the float32 bundle, and of the float16 one that was made of it. */
  readonly bundle: string;
  readonly fp16: string;
  /** Whether the machine has a GPU that a provider could use. */
  readonly gpu: boolean;
  readonly inference: InferenceConfig;
  /** A folder for engines. */
  readonly folder: string;
  readonly rounds: number;
  readonly segmentMs: number;
}

/** That scores are compared on. */
const PARTS = 12;

/** What a machine without a GPU, or without a provider's library, cannot run is no fault of its; all else that fails is one. */
function refusal(gpu: boolean, what: string, said: string): Finding {
  const lacks = !gpu || /failed to load shared library|cannot open shared object|without it/i.test(said);
  return { kind: lacks ? "lacks" : "broken", what, said };
}

/** What sensors say; what nothing measures is lacking, and no fault. */
export async function sensors(): Promise<readonly Finding[]> {
  const { temperaturesC, powerW, powerMode, throttling, gpuLoad, cpuFrequency } = await machineMeter()();
  const figures = (of: Readonly<Record<string, number>>, unit: string): string =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${value} ${unit}`)
      .join(", ");
  const read = (what: string, said: string, missing: string): Finding =>
    said === "" ? { kind: "lacks", what, said: missing } : { kind: "held", what, said };
  const clocks = [
    ...(powerMode === null ? [] : [`mode ${powerMode}`]),
    ...(cpuFrequency === null ? [] : [`CPUs at ${Math.round(cpuFrequency * 100)} %`]),
    ...(gpuLoad === null ? [] : [`GPU load ${Math.round(gpuLoad * 100)} %`]),
  ].join(", ");
  const events = figures(throttling.events, "times");
  const heat = Object.keys(temperaturesC).length + Object.keys(throttling.events).length > 0 || gpuLoad !== null;
  return [
    read("temperatures", figures(temperaturesC, "°C"), "the kernel has no thermal zone that can be read"),
    read("power", figures(powerW, "W"), "nothing measures it here"),
    read("clocks", clocks, "the kernel does not say"),
    read(
      "throttling",
      heat ? `${throttling.reasons.join(", ") || "nothing slows it down"}${events === "" ? "" : `; ${events}`}` : "",
      "nothing tells of it here",
    ),
  ];
}

/** Each provider opened for itself, and their frames a second in turns: a ratio is of one run on one machine. */
export async function providers({ bundle, gpu, inference, rounds, segmentMs }: Subject): Promise<readonly Finding[]> {
  const { modelPath, manifest } = await readBundle(bundle);
  const { sha256, input, precision = "fp32" } = manifest;
  const wish = { modelPath, sha256, input, precision, threads: inference.threads, device: inference.device };
  const open = new Map<Provider, BareModel>();
  const findings: Finding[] = [];
  try {
    for (const provider of PROVIDERS) {
      const what = `${provider} opens`;
      try {
        const began = performance.now();
        const only = { ...wish, providers: [provider], batchSizes: [1], build: null };
        const model = await openBareModel(only);
        open.set(provider, model);
        const took = ((performance.now() - began) / 1_000).toFixed(1);
        findings.push({ kind: "held", what, said: `in ${took} s; reached by ${model.report.reaches?.join(", ")}` });
      } catch (error) {
        findings.push(refusal(gpu || provider === "cpu", what, messageOf(error)));
      }
    }
    const sides = Object.fromEntries(
      [...open].map(([provider, model]) => [
        provider,
        async () => {
          const { frames, ms } = await model.run(segmentMs);
          return (frames / ms) * 1_000;
        },
      ]),
    );
    const taken = await takeTurns(sides, rounds);
    const fps = (provider: string): number =>
      percentile(
        taken.map((each) => each[provider]!),
        0.5,
      ) ?? 0;
    for (const provider of open.keys()) {
      const ratio = provider === "cpu" ? "" : `, ${(fps(provider) / fps("cpu")).toFixed(1)} times the CPU`;
      findings.push({ kind: "held", what: `${provider} speed`, said: `${fps(provider).toFixed(1)} frames/s${ratio}` });
    }
  } finally {
    await Promise.all([...open.values()].map((model) => model.close()));
  }
  return findings;
}

/** Scores of each provider, and of float16 on each, beside the CPU's in float32 on the same pictures. */
export async function scores(subject: Subject): Promise<readonly Finding[]> {
  const { bundle, fp16, gpu, inference } = subject;
  const findings: Finding[] = [];
  const load = (dir: string, provider: Provider) =>
    loadModel(dir, {
      inference: { ...inference, providers: [provider] },
      ...{ mostWaiting: 1, onRestart: () => undefined, gpu: async () => gpu },
    });
  const reference = await load(bundle, "cpu");
  try {
    for (const [dir, precision, limit] of [
      [bundle, "fp32", LIMIT],
      [fp16, "fp16", inference.precisionLimit],
    ] as const) {
      for (const provider of PROVIDERS.filter((each) => each !== "cpu" || precision !== "fp32")) {
        const what = `${provider} in ${precision}`;
        try {
          const { engine } = await load(dir, provider);
          try {
            const pictures = drawnParts(engine.input, PARTS);
            const of = await differenceOf(judgeOf(reference.engine), judgeOf(engine), pictures, limit);
            const said = `scores differ by ${(of.worst * 100).toFixed(3)} % at most on ${of.pictures} pictures, ${of.lost} misjudged`;
            findings.push({ kind: of.worst <= limit && of.lost === 0 ? "held" : "broken", what, said });
          } finally {
            await engine.close();
          }
        } catch (error) {
          findings.push(refusal(gpu || provider === "cpu", what, messageOf(error)));
        }
      }
    }
  } finally {
    await reference.engine.close();
  }
  return findings;
}

/** An engine is built beside the provider that judges, is changed to without a lost frame, and is there at once at the next start. */
export async function engines(subject: Subject): Promise<readonly Finding[]> {
  const { bundle, fp16, gpu, inference, folder } = subject;
  const load = () =>
    loadModel(bundle, {
      inference: { ...inference, providers: ["tensorrt", "cuda", "cpu"], precision: "fp16", fallback: "allow" },
      ...{ lowered: { fp16 }, golden: drawnParts, mostWaiting: 1, onRestart: () => undefined, gpu: async () => gpu },
      engines: { store: new EngineStore(join(folder, "engines")), build: true },
    });
  const { engine } = await load();
  let built: Finding;
  try {
    built = await builtBeside(engine, gpu);
  } finally {
    await engine.close();
  }
  if (built.kind !== "held") return [built];
  const began = performance.now();
  const again = await load();
  try {
    const { used, engine: stand } = again.engine.providers();
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const isCached = used === "tensorrt" && stand?.attempt === 0;
    const said = isCached ? `judges after ${seconds} s` : `it was not taken from the disk: ${JSON.stringify(stand)}`;
    return [built, { kind: isCached ? "held" : "broken", what: "engine cached", said }];
  } finally {
    await again.engine.close();
  }
}

async function builtBeside(engine: Engine, gpu: boolean): Promise<Finding> {
  const what = "engine built and changed";
  if (engine.providers().engine === undefined) {
    const reason = engine.providers().tried.find(({ provider }) => provider === "tensorrt")?.reason;
    return refusal(gpu, what, `no engine is built here: ${reason ?? "TensorRT is not tried"}`);
  }
  const began = performance.now();
  const { width, height } = engine.input;
  let frames = 0;
  while (performance.now() - began < BUILD_MS) {
    const pixels = new Uint8Array(width * height * 3);
    const outcome = await engine.inspect(pictureFrame("device", { size: engine.input, pixels }));
    frames += 1;
    if (outcome.kind === "failed") return { kind: "broken", what, said: `frame ${frames}: ${outcome.failure.reason}` };
    const { used, engine: stand } = engine.providers();
    const seconds = Math.round((performance.now() - began) / 1_000);
    if (used === "tensorrt") {
      return { kind: "held", what, said: `after ${seconds} s, ${frames} frames judged meanwhile and none lost` };
    }
    if (stand?.state === "failed" || stand?.state === "refused" || (stand?.failures ?? 0) > 0) {
      return refusal(gpu, what, `${stand?.state}: ${stand?.failure ?? stand?.step}`);
    }
    await sleep(20);
  }
  return { kind: "broken", what, said: `no engine after ${BUILD_MS / 60_000} minutes` };
}
