import { readdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "./machine.js";

/** What Ubuntu 22.04 (JetPack 6) has, the oldest system that the package is for. */
const NEWEST = { GLIBC: [2, 35], GLIBCXX: [3, 4, 30], CXXABI: [1, 3, 13] } as const;
const MACHINES = { amd64: "Advanced Micro Devices X86-64", arm64: "AArch64" } as const;
/** Everything native, by a part of its path. */
const NEEDED = [
  "onnxruntime_binding.node",
  "libonnxruntime.so",
  "sharp-linux-",
  "libvips-cpp.so",
  "classic-level",
  "koffi.node",
  "gstreamer-superficial/build/Release/115.node",
  "gstreamer-superficial/build/Release/127.node",
  "gstreamer-superficial/build/Release/137.node",
] as const;

/** Of npm's packages as they come, what is for other systems. */
const OTHERS = /darwin|win32|android|musl/;

/** What is wrong with the native files of an unpacked Debian package. */
export function faultsOf(tree: string, arch: "amd64" | "arm64"): readonly string[] {
  const natives = nativesOf(tree);
  const missing = NEEDED.filter((part) => !natives.some((path) => path.includes(part))).map(
    (part) => `${part} is missing`,
  );
  return [...missing, ...natives.flatMap((path) => faultsOfFile(join(tree, path), arch))];
}

/** The same of a node_modules folder, where each package brings those of other systems, too, and nothing is compiled yet. */
export function faultsOfModules(modules: string, arch: "amd64" | "arm64"): readonly string[] {
  const cpu = arch === "amd64" ? "x64" : arch;
  const natives = nativesOf(modules).filter((path) => path.includes(cpu) && !OTHERS.test(path));
  const needed = NEEDED.filter((part) => !part.startsWith("gstreamer"));
  const missing = needed
    .filter((part) => !natives.some((path) => path.includes(part)))
    .map((part) => `${part} is missing`);
  return [...missing, ...natives.flatMap((path) => faultsOfFile(join(modules, path), arch))];
}

function nativesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => /\.node$|\.so[.\d]*$/.test(path));
}

function faultsOfFile(path: string, arch: "amd64" | "arm64"): readonly string[] {
  const said = must("readelf", ["--wide", "--file-header", "--version-info", path]);
  const faults = said.includes(`Machine:                           ${MACHINES[arch]}`)
    ? []
    : [`${path} is for another processor`];
  for (const [, name = "", version = ""] of said.matchAll(/Name: (GLIBC|GLIBCXX|CXXABI)_([\d.]+)/g)) {
    const newest: readonly number[] = NEWEST[name as keyof typeof NEWEST];
    if (isNewer(version.split(".").map(Number), newest))
      faults.push(`${path} needs ${name} ${version}, and ${newest.join(".")} is what there is`);
  }
  return [...new Set(faults)];
}

function isNewer(version: readonly number[], than: readonly number[]): boolean {
  for (const [i, part] of version.entries()) if (part !== (than[i] ?? 0)) return part > (than[i] ?? 0);
  return false;
}
