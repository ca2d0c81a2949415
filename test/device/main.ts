/**
 * `npm run device`: what of providers, engines, precision and sensors holds on the machine at hand, each run for real. Opt-in, since it takes
 * minutes and is worth most on a board with a GPU. It says what it did not run and why. Ends with 0, 1 or 3: see statusOf.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hasNvidiaGpu } from "../../agent/inference/nvidia.js";
import { detectBoard } from "../../agent/kit/board.js";
import { onnxRuntime } from "../../models/onnx/runtime.js";
import { inferenceConfig } from "../support/config.js";
import { engines, providers, type Subject, scores, sensors } from "./checks.js";
import { type Finding, lineOf, statusOf, verdictOf } from "./findings.js";
import { float16 } from "./float16.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "models/demo" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
if (!(Number.isInteger(rounds) && rounds > 0 && seconds > 0)) {
  console.error("--rounds takes a whole number of at least 1, --seconds a positive number");
  process.exit(2);
}

const runtime = onnxRuntime();
// The providers' own words are in the findings.
runtime.env.logLevel = "fatal";
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
  const fp16 = await float16(values.model, folder);
  const subject: Subject = {
    ...{ bundle: values.model, fp16, gpu, folder, rounds, segmentMs: seconds * 1_000 },
    inference: inferenceConfig({ threads: 0, fallback: "allow" }),
  };
  report(await sensors());
  report(await providers(subject));
  report(await scores(subject));
  report(await engines(subject));
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(verdictOf(findings));
process.exitCode = statusOf(findings);
