/** The build of ONNX Runtime for Jetsons, against a board's files and stand-ins for compilers and downloads: nothing is fetched or compiled here. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../support/config.js";
import { machineTree } from "../support/machine-tree.js";
import { suite } from "../support/suite.js";

const project = fileURLToPath(new URL("../../..", import.meta.url));
const DEPLOY = join(project, "deploy/jetson");
const SOURCES = join(project, "test/fixtures/ort-binding");
const VERSION = /^ORT_VERSION=(.*)$/m.exec(readFileSync(join(DEPLOY, "versions"), "utf8"))![1]!;

const test = suite("ONNX Runtime for Jetsons");

function build(args: readonly string[], { script = DEPLOY, path = "" } = {}) {
  const env = { ...process.env, PATH: `${path}:${process.env.PATH}` };
  const run = spawnSync("bash", [join(script, "build-onnxruntime.sh"), ...args], { encoding: "utf8", env });
  return { status: run.status, out: run.stdout, err: run.stderr };
}

/** A board with JetPack's headers, and a machine whose tools are what the build asks for. @returns `--root`, and a folder for PATH */
async function wellEquipped(): Promise<{ readonly root: string; readonly path: string }> {
  const root = await machineTree("orin-nano-jetpack-6");
  const include = "usr/include/aarch64-linux-gnu";
  for (const file of [
    "usr/local/cuda/bin/nvcc",
    ...["cudnn_version", "NvInfer", "NvOnnxParser"].map((name) => `${include}/${name}.h`),
  ]) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  const path = temporaryFolder();
  const tool = (name: string, says: string): void => {
    writeFileSync(join(path, name), `#!/bin/sh\ncat <<'TEXT'\n${says}\nTEXT\n`, { mode: 0o755 });
  };
  tool("cmake", "cmake version 3.31.6");
  tool("df", "Filesystem 1024-blocks Used Available\nx 99999999 1 99999999");
  return { root, path };
}

/** The script beside a pinned hash of ours, and an archive whose build.sh writes down how it was called and "compiles" empty libraries. */
function standIn() {
  const folder = temporaryFolder();
  const script = join(folder, "deploy/jetson");
  cpSync(DEPLOY, script, { recursive: true });
  const tree = join(folder, `onnxruntime-${VERSION}`);
  cpSync(SOURCES, tree, { recursive: true });
  for (const name of ["LICENSE", "ThirdPartyNotices.txt"]) writeFileSync(join(tree, name), "");
  const compile = `#!/bin/sh
echo "$@" > ${folder}/called
bin="$(dirname "$0")/js/node/bin/napi-v6/linux/arm64"
mkdir -p "$bin" "${folder}/scratch/build/Release"
touch "$bin/onnxruntime_binding.node" "${folder}/scratch/build/Release/libonnxruntime.so.1"
for name in shared cuda tensorrt; do touch "${folder}/scratch/build/Release/libonnxruntime_providers_$name.so"; done
`;
  writeFileSync(join(tree, "build.sh"), compile, { mode: 0o755 });
  const archive = join(folder, "source.tar.gz");
  spawnSync("tar", ["-czf", archive, "-C", folder, `onnxruntime-${VERSION}`]);
  const hash = createHash("sha256").update(readFileSync(archive)).digest("hex");
  const versions = join(script, "versions");
  writeFileSync(versions, readFileSync(versions, "utf8").replace(/^ORT_SHA256=.*$/m, `ORT_SHA256=${hash}`));
  const args = [
    "--source",
    archive,
    "--work",
    join(folder, "scratch"),
    "--prefix",
    join(folder, "ort"),
    "--retort",
    folder,
  ];
  return { folder, script, args };
}

/** npm's packages of a Retort, whose binding lists these backends. */
function withBackends(folder: string, backends: readonly object[]): void {
  const binding = join(folder, "node_modules/onnxruntime-node");
  mkdirSync(join(binding, "dist"), { recursive: true });
  mkdirSync(join(folder, "node_modules/onnxruntime-common"), { recursive: true });
  writeFileSync(join(binding, "package.json"), JSON.stringify({ version: VERSION, main: "dist/index.js" }));
  const list = `exports.listSupportedBackends = () => ${JSON.stringify(backends)};`;
  writeFileSync(join(binding, "dist/index.js"), `${list}\nexports.InferenceSession = { create() {} };\n`);
}

const PATCHED = ["cuda", "tensorrt"].map((name) => ({ name, bundled: false, providerOptions: true }));

test("the version that is built is the one whose JavaScript Retort has from npm", () => {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  assert.is(lock.packages["node_modules/onnxruntime-node"]!.version, VERSION);
});

test("the documents name the folder of that version", () => {
  const docs = readdirSync(join(project, "docs")).filter((name) => name.endsWith(".md"));
  const named = docs.flatMap((name) => [
    ...readFileSync(join(project, "docs", name), "utf8").matchAll(/retort-onnxruntime-(\d[\d.]*\d)/g),
  ]);
  assert.ok(named.length > 0);
  for (const [folder, version] of named) assert.is(version, VERSION, folder);
});

test("a machine that is no Jetson is told all that it lacks, and nothing is begun", () => {
  const root = temporaryFolder();
  mkdirSync(join(root, "proc"));
  writeFileSync(join(root, "proc/meminfo"), "MemTotal: 1000 kB\n");
  const { status, out } = build(["--check", "--root", root]);
  assert.is(status, 1);
  for (const lacks of [
    "JetPack 6 or 7",
    "an Orin or a Thor",
    "CUDA's compiler",
    "TensorRT's headers",
    "8 GB of memory",
  ]) {
    assert.match(out, `missing  ${lacks}`);
  }
  const begun = build(["--root", root, "--work", join(root, "work")]);
  assert.is(begun.status, 1);
  assert.match(begun.err, "no Jetson");
  assert.not(existsSync(join(root, "work")));
});

test("a Jetson that has everything lacks nothing", async () => {
  const { root, path } = await wellEquipped();
  const { status, out } = build(["--check", "--root", root], { path });
  assert.equal([status, out.split("\n").filter((line) => !line.startsWith("ok "))], [0, [""]]);
  assert.match(out, "JetPack 6");
  assert.match(out, "CUDA architecture 87");
});

test("what would be run is said: both providers, the binding for Node, the board's own architecture", async () => {
  const orin = build(["--print", "--root", await machineTree("orin-nano-jetpack-6"), "--jobs", "2"]);
  assert.is(orin.status, 0);
  for (const part of [
    "--use_cuda",
    "--use_tensorrt",
    "--build_nodejs",
    "CMAKE_CUDA_ARCHITECTURES=87",
    "--parallel 2",
  ]) {
    assert.match(orin.out, part);
  }
  assert.match(orin.out, `archive/refs/tags/v${VERSION}.tar.gz`);
  const thor = build(["--print", "--root", await machineTree("agx-thor-jetpack-7"), "--jobs", "2"]);
  assert.match(thor.out, "CMAKE_CUDA_ARCHITECTURES=110");
});

test("the patch fits the lines that it is anchored at, and each provider gets its options", () => {
  const folder = temporaryFolder();
  cpSync(SOURCES, folder, { recursive: true });
  const patch = ["--directory", folder, "--strip", "1", "--forward", "--fuzz", "0", "--input"];
  const run = spawnSync("patch", [...patch, join(DEPLOY, "provider-options.patch")], { encoding: "utf8" });
  assert.is(run.status, 0, run.stdout);
  const patched = (name: string): string => readFileSync(join(folder, "js/node/src", name), "utf8");
  for (const name of ["CUDA", "TensorRT"]) {
    const handed = patched("session_options_helper.cc").indexOf(`Update${name}ProviderOptions`);
    assert.ok(
      handed > 0 && handed < patched("session_options_helper.cc").indexOf(`AppendExecutionProvider_${name}_V2`),
    );
  }
  assert.match(patched("inference_session_wrap.cc"), 'result.Set("providerOptions"');
  assert.match(patched("provider_options.h"), "HandOnProviderOptions");
});

test("a build is patched, compiled, tried, and takes the place of an earlier one", async () => {
  const { root, path } = await wellEquipped();
  const { folder, script, args } = standIn();
  withBackends(folder, PATCHED);
  mkdirSync(join(folder, "ort/bin/napi-v6/linux/arm64"), { recursive: true });
  writeFileSync(join(folder, "ort/old"), "");
  const { status, out, err } = build([...args, "--root", root], { script, path });
  assert.is(status, 0, out + err);
  assert.match(out, `RETORT_ORT_BINDING=${folder}/ort`);
  assert.match(readFileSync(join(folder, "called"), "utf8"), "--build_nodejs");
  assert.ok(existsSync(join(folder, "scratch", `onnxruntime-${VERSION}`, "js/node/src/provider_options.h")), "patched");
  const libraries = join(folder, "ort/bin/napi-v6/linux/arm64");
  for (const name of ["onnxruntime_binding.node", "libonnxruntime.so.1", "libonnxruntime_providers_tensorrt.so"]) {
    assert.ok(existsSync(join(libraries, name)), name);
  }
  assert.not(existsSync(join(folder, "ort/old")));
});

test("a binding that hands no options on is not installed: the earlier one stays", async () => {
  const { root, path } = await wellEquipped();
  const { folder, script, args } = standIn();
  withBackends(folder, [{ name: "cuda", bundled: false }, PATCHED[1]!]);
  mkdirSync(join(folder, "ort/bin/napi-v6/linux/arm64"), { recursive: true });
  writeFileSync(join(folder, "ort/old"), "");
  const { status, err } = build([...args, "--root", root], { script, path });
  assert.is(status, 1);
  assert.match(err, "it hands no options on to cuda");
  assert.ok(existsSync(join(folder, "ort/old")));
});

test("an archive of another hash is refused before anything of it runs, and so is a version without a hash", async () => {
  const { root, path } = await wellEquipped();
  const { folder, script, args } = standIn();
  withBackends(folder, PATCHED);
  writeFileSync(join(folder, "source.tar.gz"), "other");
  const other = build([...args, "--root", root], { script, path });
  assert.is(other.status, 1);
  assert.match(other.err, "is not what deploy/jetson/versions names");
  assert.not(existsSync(join(folder, "called")));
  const versions = join(script, "versions");
  writeFileSync(versions, readFileSync(versions, "utf8").replace(/^ORT_SHA256=.*$/m, "ORT_SHA256="));
  const none = build([...args, "--root", root], { script, path });
  assert.is(none.status, 1);
  assert.match(none.err, "has no hash");
});

test("a folder that is no earlier build is never replaced: --prefix /usr/local, say", async () => {
  const root = await machineTree("orin-nano-jetpack-6");
  const folder = join(temporaryFolder(), "with a space");
  mkdirSync(join(folder, "bin"), { recursive: true });
  for (const prefix of [folder, `${folder}/`, `${folder}/new/..`, "/usr", "/"]) {
    const { status, out, err } = build(["--print", "--root", root, "--prefix", prefix]);
    assert.equal([status, out], [2, ""], prefix);
    assert.match(err, "no earlier build");
  }
  const below = build(["--print", "--root", root, "--prefix", `${folder}/ort`]);
  assert.equal([below.status, below.err], [0, ""]);
});

test("nothing is built where others may write", async () => {
  const { root, path } = await wellEquipped();
  const { folder, script, args } = standIn();
  withBackends(folder, PATCHED);
  mkdirSync(join(folder, "scratch"));
  chmodSync(join(folder, "scratch"), 0o777);
  const { status, err } = build([...args, "--root", root], { script, path });
  assert.is(status, 1);
  assert.match(err, "others may write");
  assert.not(existsSync(join(folder, "called")));
});

test("an option that it does not know is wrong usage", () => {
  assert.is(build(["--fast"]).status, 2);
  assert.is(build(["--prefix"]).status, 2);
  assert.is(build(["--jobs", "many"]).status, 2);
});

test.run();
