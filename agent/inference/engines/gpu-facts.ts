import { readdir, readFile } from "node:fs/promises";
import { outputOf } from "../../kit/program.js";
import type { GpuFacts } from "./key.js";

/** Where a machine tells of its GPU. */
export interface GpuSources {
  /** What `nvidia-smi` prints for these arguments. Rejects where there is none. */
  readonly smi: (args: readonly string[]) => Promise<string>;
  /** Of the device tree: the board's name, and all that it is compatible with, null bytes between. */
  readonly boardModel: string;
  readonly compatible: string;
  /** What the driver says of itself. */
  readonly driver: string;
  /** What Jetson Linux says of itself. */
  readonly jetsonLinux: string;
  /** Where the system keeps TensorRT's library. */
  readonly libraryFolders: readonly string[];
}

const SMI_LIMIT_MS = 10_000;

const here: GpuSources = {
  smi: (args) => outputOf("nvidia-smi", args, { limitMs: SMI_LIMIT_MS }),
  boardModel: "/proc/device-tree/model",
  compatible: "/proc/device-tree/compatible",
  driver: "/proc/driver/nvidia/version",
  jetsonLinux: "/etc/nv_tegra_release",
  libraryFolders: [
    ...(process.env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder.startsWith("/")),
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/local/lib",
    "/usr/local/tensorrt/lib",
  ],
};

/** Compute capabilities of NVIDIA's boards (developer.nvidia.com/cuda-gpus): older JetPacks have no nvidia-smi that says them. */
const TEGRA: readonly (readonly [string, string])[] = [
  ["tegra194", "7.2"],
  ["tegra234", "8.7"],
  ["tegra264", "11.0"],
];

const UNKNOWN = "unknown";

/** What the GPU of this number is. Never rejects: what the machine does not say is "unknown", and TensorRT itself refuses an engine of another one. */
export async function gpuFacts(device: number, sources: GpuSources = here): Promise<GpuFacts> {
  const [text, board, compatible, driver, jetsonLinux, tensorrt] = await Promise.all([
    sources.smi([`--id=${device}`, "--query-gpu=name,compute_cap", "--format=csv,noheader"]).catch(() => ""),
    textOf(sources.boardModel),
    textOf(sources.compatible),
    textOf(sources.driver),
    textOf(sources.jetsonLinux),
    tensorrtVersion(sources.libraryFolders),
  ]);
  // What it says instead of an answer has no comma.
  const [, name, capability = ""] = /^(.+?), *(.*)$/m.exec(text) ?? [];
  const tegra = TEGRA.find(([chip]) => compatible.includes(`nvidia,${chip}`))?.[1];
  return {
    name: board || (name ?? UNKNOWN),
    computeCapability: /^\d+\.\d+$/.test(capability.trim()) ? capability.trim() : (tegra ?? UNKNOWN),
    tensorrt,
    driver: jetsonLinuxIn(jetsonLinux) ?? /^NVRM version: .*? (\d+\.[\d.]+) /m.exec(driver)?.[1] ?? UNKNOWN,
  };
}

/** Such as R36.4.3; null where this is none. */
function jetsonLinuxIn(text: string): string | null {
  const [, release, revision] = /^# (R\d+) \(release\), REVISION: ([\d.]+)/m.exec(text) ?? [];
  return release === undefined || revision === undefined ? null : `${release}.${revision}`;
}

/** Of the library's file, such as libnvinfer.so.10.3.0; the highest, where there are several. */
async function tensorrtVersion(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const versions = names.flatMap((name) => /^libnvinfer\.so\.(\d+\.\d+[\d.]*)$/.exec(name)?.[1] ?? []);
    versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const last = versions.at(-1);
    if (last !== undefined) return last;
  }
  return UNKNOWN;
}

/** "" where there is no such file: that the machine has none is its nature. */
async function textOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.replace(/\0+$/, "").replaceAll("\0", " ").trim();
}
