import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import type { BenchResult } from "../bench/bench.js";
import type { Tail } from "../bench/figures.js";
import type { LiveViewCost } from "../bench/live-view.js";
import type { ManyCameras } from "../bench/many-cameras.js";
import type { PartsResult } from "../bench/verdicts.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, wholeNumber, withExample, withJsonFlag } from "./options.js";
import { exitStatus } from "./terminal.js";
import { working } from "./working.js";

interface Flags extends JsonFlag {
  readonly model?: string;
  readonly seconds: number;
  readonly threads: number;
  readonly cameras: number;
  readonly liveView: number;
  readonly parts: number;
  readonly state?: string;
}

/** `retort bench`: the machine's ceiling and the agent's share of it. */
export const benchCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("bench")
    .description("measures the machine's ceiling and the agent's share of it")
    .option("--model <bundle>", "a bundle's directory; the shipped one unless given")
    .option("--seconds <seconds>", "measured on each side", wholeNumber(1, 3_600), 20)
    .option("--threads <count>", "of one inference; 0: as many as there are cores", wholeNumber(0, 256), 0)
    .option(
      "--cameras <count>",
      "live cameras (640 x 480, 15 frames/s) of one more measurement; 0: none",
      wholeNumber(0, 64),
      0,
    )
    .option(
      "--live-view <count>",
      "cameras of one more measurement, with a live view of them open and closed in turn; 0: none",
      wholeNumber(0, 64),
      0,
    )
    .option(
      "--parts <count>",
      "parts of one more measurement, from trigger to verdict, with one and with four cameras; 0: none",
      wholeNumber(0, 1_000_000),
      0,
    )
    .option("--state <folder>", "on the disk that their verdicts are synced to; one for temporary files unless given");
  withExample(withJsonFlag(command), "retort bench --model bundles/plate --seconds 8").action(
    async ({ json, model, seconds, threads, cameras, liveView, parts, state }: Flags) => {
      const [{ runBench }, { watchCamera }] = await Promise.all([
        import("../bench/bench.js"),
        import("../capture/camera.js"),
      ]);
      const bundle = model ?? join(packageRoot(), "models", "demo");
      const of = { bundle, seconds, threads, cameras, liveView, parts };
      const options = { ...of, ...(state === undefined ? {} : { stateIn: state }) };
      const result = await working(terminal, "measuring", (say) =>
        runBench({ ...options, watchCamera, onProgress: say }),
      );
      terminal.out(json ? JSON.stringify(result) : table(result));
      // GStreamer's threads may outlive their pipeline for a moment.
      setTimeout(() => process.exit(exitStatus.done), 300).unref();
    },
  );
};

function table(result: BenchResult): string {
  const { outsideInferenceMs: outside, latencyMs: latency, cameras, liveView, parts } = result;
  const rows: readonly (readonly [string, string])[] = [
    ["model", `${result.model} on ${result.provider}, ${result.threads} threads`],
    ["bare session.run, the ceiling", `${result.ceilingFps.toFixed(1)} frames/s`],
    ["whole agent, source to subscriber", `${result.endToEndFps.toFixed(1)} frames/s`],
    ["its share of the ceiling", `${(result.ratio * 100).toFixed(1)} %`],
    ["bare session.run beside the rig", `${result.rigFps.toFixed(1)} frames/s`],
    ["the agent's share of that", `${(result.ratioOfRig * 100).toFixed(1)} %`],
    ["latency to the subscriber", `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`],
    ["of it outside inference", `p50 ${outside.p50.toFixed(1)} ms, p99 ${outside.p99.toFixed(1)} ms`],
    ["whole agent, a trivial model", `${result.trivialFps.toFixed(0)} frames/s`],
    ["event loop delay under load", `p99 ${result.eventLoopDelayMs.p99.toFixed(1)} ms`],
    ["memory after warm-up", `${result.rssMb} MB`],
    ...(cameras === undefined ? [] : camerasRows(cameras)),
    ...(liveView === undefined ? [] : liveViewRows(liveView)),
    ...(parts === undefined ? [] : partsRows(parts)),
  ];
  return rows.map(([name, value]) => `${name.padEnd(36)}${value}`).join("\n");
}

function partsRows({ onDisk, latencies }: PartsResult): [string, string][] {
  const rows = latencies.flatMap(
    ({ cameras, verdicts, partsPerSecond, triggerMs, pictureMs, unjudged }): [string, string][] => {
      const name = cameras === 1 ? "1 camera" : `${cameras} cameras`;
      const of = `${verdicts} parts at ${partsPerSecond.toFixed(1)}/s`;
      return [
        [`trigger to verdict, ${name}`, `${tailText(triggerMs)}; ${of}`],
        ["of it from the picture on", tailText(pictureMs)],
        ...(unjudged === 0 ? [] : [["triggers without a verdict", String(unjudged)] satisfies [string, string]]),
      ];
    },
  );
  return onDisk ? rows : [...rows, ["synced to", "memory, not a disk: name a folder on one with --state"]];
}

function tailText({ p50, p99, p999 }: Tail): string {
  const last = p999 === null ? " (p99.9: from 1,000 parts on)" : `, p99.9 ${p999.toFixed(1)} ms`;
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms${last}`;
}

function liveViewRows({ cameras, fps, lookedAtFps, share, picturesPerSecond }: LiveViewCost): [string, string][] {
  const lookedAt = `${lookedAtFps.toFixed(1)} frames/s, ${picturesPerSecond.toFixed(1)} pictures/s shown`;
  return [
    [`${cameras} cameras while nobody looks`, `${fps.toFixed(1)} frames/s`],
    ["with a live view of all of them", lookedAt],
    ["what looking costs", `${((1 - share) * 100).toFixed(1)} % of the frames/s`],
  ];
}

function camerasRows({ count, fps, leastFps, mostFps, eventLoopDelayMs: delay }: ManyCameras): [string, string][] {
  const spread = `${leastFps.toFixed(1)} to ${mostFps.toFixed(1)} each`;
  return [
    [`${count} live cameras`, `${fps.toFixed(1)} frames/s, ${spread}`],
    ["event loop delay meanwhile", `p99 ${delay.p99.toFixed(1)} ms, worst ${delay.worst.toFixed(1)} ms`],
  ];
}
