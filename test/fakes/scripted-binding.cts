/**
 * A binding that is loaded by RETORT_ORT_BINDING: ONNX Runtime's CPU provider under the names of NVIDIA's, which builds engines as a file says
 * that RETORT_TEST_BINDING names, and writes down there what was asked of it.
 */
import child_process = require("node:child_process");
import fs = require("node:fs");
import ort = require("onnxruntime-node");

declare namespace binding {
  interface Script {
    /** What happens to a build; one that hangs does until the script is another. "orphan": a crash that leaves a child with the builder's output. */
    readonly build?: "ok" | "crash" | "hang" | "nothing" | "orphan" | "refuse";
    /** How long it takes first, ms. */
    readonly buildMs?: number;
    /** What happens to an engine that is opened; likewise. "killed": the kernel ends the process, as where memory runs out. */
    readonly open?: "ok" | "crash" | "hang" | "killed" | "refuse";
    /** What an engine's scores are multiplied by. */
    readonly factor?: number;
    /** What is added to the last place of its maps. */
    readonly blot?: number;
    /** Whether an engine's next run ends its thread. */
    readonly dies?: boolean;
    /** Providers whose library is not there. */
    readonly missing?: readonly string[];
  }
}

/** In front of the model in what stands for an engine. */
const MARK = Buffer.from("ENGINE: ");
const path = process.env.RETORT_TEST_BINDING ?? "";

function scripted(): binding.Script {
  return path === "" ? {} : (JSON.parse(fs.readFileSync(path, "utf8")) as binding.Script);
}

/** Blocks the thread, as native code does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Blocks it for as long as the script says so. */
function hang(still: (script: binding.Script) => boolean): void {
  while (still(scripted())) block(20);
}

/** Ends the process, and not this thread alone. */
function end(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
  block(60_000);
}

function note(what: string): void {
  if (path !== "") fs.appendFileSync(`${path}.log`, `${what}\n`);
}

const backends = [
  { name: "cpu", bundled: true },
  { name: "cuda", bundled: false, providerOptions: true },
  { name: "tensorrt", bundled: false, providerOptions: true },
];

interface Options extends Omit<ort.InferenceSession.SessionOptions, "executionProviders"> {
  /** Absent where nobody asks for one: as of ONNX Runtime, the CPU. */
  readonly executionProviders?: readonly { readonly name: string }[];
  readonly extra: { readonly ep?: { readonly context_enable?: string; readonly context_file_path?: string } };
}

function built(model: Uint8Array, file: string | undefined): void {
  const { build = "ok", buildMs = 0 } = scripted();
  if (path !== "") fs.writeFileSync(`${path}.pid`, String(process.pid));
  note(`build ${file === undefined ? "in its place" : "to a file"}`);
  block(buildMs);
  if (build === "refuse") throw new Error("no tactic for a layer\nat somewhere");
  if (build === "orphan") {
    note(`child ${child_process.spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "inherit"] }).pid}`);
  }
  if (build === "crash" || build === "orphan") end("SIGSEGV");
  if (build === "hang") hang((script) => script.build === "hang");
  if (file !== undefined && build !== "nothing") fs.writeFileSync(file, Buffer.concat([MARK, model]));
}

async function create(given: Uint8Array, options: Options): Promise<ort.InferenceSession> {
  const { executionProviders = [], extra, ...rest } = options;
  const { open = "ok", missing = [], factor = 1, blot = 0 } = scripted();
  const [first] = executionProviders;
  const name = first?.name ?? "cpu";
  const known = backends.some((backend) => backend.name === name);
  if (!known) throw new Error(`executionProviders[0] is unsupported: '${name}'`);
  if (missing.includes(name)) throw new Error(`libonnxruntime_providers_${name}.so: cannot open shared object file`);
  let model = given;
  if (name === "tensorrt") {
    if (MARK.equals(given.subarray(0, MARK.length))) {
      note("open");
      if (open === "refuse") throw new Error("the engine is of another version of TensorRT");
      if (open === "crash") end("SIGSEGV");
      if (open === "killed") end("SIGKILL");
      if (open === "hang") hang((script) => script.open === "hang");
      model = given.slice(MARK.length);
    } else {
      built(given, extra.ep?.context_enable === "1" ? extra.ep.context_file_path : undefined);
    }
  }
  const session = await ort.InferenceSession.create(model, { ...rest, executionProviders: ["cpu"] });
  if (name !== "tensorrt") return session;
  const run = session.run.bind(session);
  session.run = (async (feeds: ort.InferenceSession.FeedsType, into: ort.InferenceSession.NullableOnnxValueMapType) => {
    // Of a thread that is no process's first, this ends the thread alone.
    if (scripted().dies === true) process.exit(3);
    const results = await run(feeds, into);
    const scores = into.score?.data;
    if (scores instanceof Float32Array) scores.set(scores.map((score) => score * factor));
    const maps = into.map?.data;
    if (maps instanceof Float32Array) maps[maps.length - 1]! += blot;
    return results;
  }) as typeof session.run;
  return session;
}

const binding = {
  env: ort.env,
  Tensor: ort.Tensor,
  InferenceSession: { create },
  listSupportedBackends: () => backends,
};

export = binding;
