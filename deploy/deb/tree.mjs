// What of npm's packages a device needs: not their other systems, sources, types and tests.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";

const CPUS = { amd64: "x64", arm64: "arm64" };

/** Below node_modules; by what only a build, another system or another C library takes. */
function needless(cpu) {
  const other = cpu === "x64" ? "arm64" : "x64";
  return [
    ".package-lock.json",
    ".bin",
    ...["darwin", "win32", `linux/${other}`].map((path) => `onnxruntime-node/bin/napi-v6/${path}`),
    "onnxruntime-node/script",
    "onnxruntime-node/lib/*.ts",
    ...["deps", "src", "binding.gyp", "binding.cc"].map((path) => `classic-level/${path}`),
    ...["vendor", "lib", "cnoke.cjs", "doc"].map((path) => `koffi/${path}`),
    ...["src", "dist/bundles", "dist/esm", "dist/esm5", "dist/types"].map((path) => `rxjs/${path}`),
    "fastify/scripts",
    "pino/docsify",
    "sharp/src",
    "sharp/install",
    "nan",
    "gstreamer-superficial/examples",
    "gstreamer-superficial/build",
    "gstreamer-superficial/CMakeLists.txt",
    "gstreamer-superficial/binding.gyp",
  ];
}

const NEEDLESS_FOLDERS = new Set([
  ".github",
  "test",
  "tests",
  "__tests__",
  "benchmark",
  "benchmarks",
  "example",
  "examples",
  "coverage",
  ".nyc_output",
]);
const NEEDLESS_FILES =
  /\.(map|d\.[cm]?ts|ts|md|markdown|flow|cpp|cc|hh?|inc|S|asm|def|tgz|yml|nix|html|sh|ps1|bat|cmd|tsbuildinfo)$|^\.|^(Makefile|AUTHORS|CHANGELOG|HISTORY|Gruntfile\.js)$/i;
const LICENCE = /^(licen[cs]e|copying|notice|thirdpartynotices|third-party)/i;

/** @param {{modules: string, arch: "amd64" | "arm64"}} options `modules`: the node_modules folder, changed in place */
export function prune({ modules, arch }) {
  const cpu = CPUS[arch];
  for (const path of needless(cpu)) rmSync(join(modules, path), { recursive: true, force: true });
  const prebuilds = join(modules, "classic-level", "prebuilds");
  for (const name of readdirSync(prebuilds))
    if (name !== `linux-${cpu}`) rmSync(join(prebuilds, name), { recursive: true });
  walk(modules, (path, isFolder) => {
    const name = basename(path);
    const musl = /^musl_|\.musl\.node$/.test(name);
    const isNeedless = isFolder
      ? name.startsWith(".") || NEEDLESS_FOLDERS.has(name)
      : NEEDLESS_FILES.test(name) && !LICENCE.test(name);
    if (!musl && !isNeedless) return true;
    rmSync(path, { recursive: true });
    return false;
  });
}

/** The words of every licence, each once, with whose it is; the files themselves are removed. */
export function licencesOf(modules) {
  /** @type {Map<string, string[]>} */
  const byText = new Map();
  const all = [];
  walk(modules, (path, isFolder) => {
    if (isFolder && existsSync(join(path, "package.json"))) {
      const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
      if (name !== undefined && version !== undefined) {
        const said = typeof license === "string" ? license : (license?.type ?? "see below");
        all.push(`${name} ${version}: ${said}`);
        for (const file of readdirSync(path).filter(
          (each) => LICENCE.test(each) && statSync(join(path, each)).isFile(),
        )) {
          const text = briefly(readFileSync(join(path, file), "utf8").trim());
          byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
          rmSync(join(path, file));
        }
      }
    }
    return true;
  });
  const texts = [...byText].map(([text, names]) => `${"-".repeat(78)}\n${names.join(", ")}:\n\n${text}\n`);
  return `${all.sort().join("\n")}\n\n${texts.join("\n")}`;
}

/** Debian has the Apache licence at hand. */
function briefly(text) {
  const isApache = /Apache License\s+Version 2\.0/.test(text) && text.includes("TERMS AND CONDITIONS FOR USE");
  return isApache ? "Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0" : text;
}

/** @param {(path: string, isFolder: boolean) => boolean} visit whether to go on below it */
function walk(folder, visit) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (visit(path, entry.isDirectory()) && entry.isDirectory()) walk(path, visit);
  }
}
