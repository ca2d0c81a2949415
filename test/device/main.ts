/**
 * `npm run device`: what of providers, engines, precision and sensors holds on the machine at hand, each run for real. Opt-in, since it takes
 * minutes and is worth most on a board with a GPU. It says what it did not run and why. Ends with 0, 1 or 3: see statusOf.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endSurely } from "../../agent/cli/end.js";
import { hasNvidiaGpu } from "../../agent/inference/nvidia.js";
import { detectBoard } from "../../agent/kit/board.js";
import { CodedError, messageOf } from "../../errors.js";
import { onnxRuntime } from "../../models/onnx/runtime.js";
import { inferenceConfig } from "../support/config.js";
import type { Subject } from "./checks.js";
import { type Finding, lineOf, statusOf, verdictOf } from "./findings.js";

/** Longer ones would be an accident. */
const MOST_ROUNDS = 1_000;
const MOST_SECONDS = 600;

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

function flags(): { readonly model: string; readonly rounds: number; readonly seconds: number } {
  try {
    const { values } = parseArgs({
      options: {
        model: { type: "string", default: "models/demo" },
        rounds: { type: "string", default: "5" },
        seconds: { type: "string", default: "3" },
      },
    });
    return { model: values.model, rounds: Number(values.rounds), seconds: Number(values.seconds) };
  } catch (error) {
    return refuse(`${messageOf(error)}; there are --model FOLDER, --rounds N and --seconds S`);
  }
}

async function check(): Promise<readonly Finding[]> {
  const { model, rounds, seconds } = flags();
  const inReach = rounds >= 1 && rounds <= MOST_ROUNDS && seconds > 0 && seconds <= MOST_SECONDS;
  if (!Number.isInteger(rounds) || !inReach) {
    refuse(`--rounds takes a whole number from 1 to ${MOST_ROUNDS}, --seconds a number up to ${MOST_SECONDS}`);
  }
  const runtime = onnxRuntime();
  // The providers' own words are in the findings.
  runtime.env.logLevel = "fatal";
  // Not before: they load it, too, and a wrong RETORT_ORT_BINDING has a message of its own.
  const [{ engines, providers, scores, sensors }, { float16 }] = await Promise.all([
    import("./checks.js"),
    import("./float16.js"),
  ]);
  const gpu = await hasNvidiaGpu();
  const backends = runtime.listSupportedBackends().map(({ name }) => name);
  const board = detectBoard() === "jetson" ? "a Jetson" : `no Jetson, ${gpu ? "an" : "no"} NVIDIA GPU`;
  console.log(`${board}; ONNX Runtime with ${backends.join(", ")}`);
  const folder = await mkdtemp(join(tmpdir(), "retort-device-"));
  const findings: Finding[] = [];
  const report = (found: readonly Finding[]): void => {
    for (const each of found) console.log(lineOf(each));
    findings.push(...found);
  };
  try {
    const fp16 = await float16(model, folder);
    const subject: Subject = {
      ...{ bundle: model, fp16, gpu, folder, rounds, segmentMs: seconds * 1_000 },
      inference: inferenceConfig({ threads: 0, fallback: "allow" }),
    };
    report(await sensors());
    report(await providers(subject));
    report(await scores(subject));
    report(await engines(subject));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return findings;
}

try {
  const findings = await check();
  console.log(verdictOf(findings));
  // A thread that is stuck in a driver would hold the process for ever.
  endSurely(statusOf(findings));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  refuse(`${error.code}: ${error.message}. ${error.remedy}`);
}
