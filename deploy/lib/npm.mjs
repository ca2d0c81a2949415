// The npm packages, and ONNX Runtime's NVIDIA libraries where there is a GPU to use them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clearLeftLock, isPacked, lockOf } from "./lock.mjs";
import { headersBeside } from "./node.mjs";
import { attempt, say, step } from "./report.mjs";
import { hashOf, readStamp, writeStamp } from "./stamp.mjs";

/** Loading both natives shows that their install scripts really ran. */
const NATIVES = ["gstreamer-superficial", "onnxruntime-node"];

/**
 * `npm ci`, unless node_modules is what the lock file says.
 * @param {{root: string}} options
 * @throws {SetupError} with npm's output if it fails
 */
export function installModules({ root }) {
  clearLeftLock(root);
  const stamp = join(root, "node_modules", ".setup-stamp");
  const inputs = [lockOf(root), join(root, "package.json"), join(root, ".npmrc")];
  const facts = {
    lock: hashOf(inputs.filter((path) => existsSync(path))),
    abi: `${process.platform}-${process.arch}-${process.versions.modules}`,
  };
  const before = readStamp(stamp);
  if (before?.lock === facts.lock && before?.abi === facts.abi) return;
  // A change in package.json that is none of npm's business, or packages added by hand: nothing to install.
  if (!(matchesLock(root) && loadNatives(root).ok)) {
    step(
      "installing npm packages (the GStreamer binding is compiled)",
      "npm",
      ["ci", isPacked(root) ? "--omit=dev" : "--include=dev"],
      {
        cwd: root,
        // The libraries for NVIDIA come from a feed of their own and would fail the whole install where it is out of
        // reach: fetchGpuLibraries gets them afterwards, where there is a GPU.
        env: { ...headersBeside(), ONNXRUNTIME_NODE_INSTALL: "skip" },
      },
    );
    step(`loading ${NATIVES.join(" and ")}`, process.execPath, loadCommand(), {
      cwd: root,
      remedy: "Their install scripts must run: see that npm's ignore-scripts is off (npm config get ignore-scripts).",
    });
  }
  writeStamp(stamp, facts);
}

function loadCommand() {
  return ["-e", NATIVES.map((name) => `require(${JSON.stringify(name)});`).join("")];
}

function loadNatives(root) {
  return attempt(process.execPath, loadCommand(), { cwd: root });
}

/** Whether node_modules holds the locked versions, by the list that npm keeps there. */
function matchesLock(root) {
  const listed = readStamp(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (listed === undefined) return false;
  const locked = JSON.parse(readFileSync(lockOf(root), "utf8")).packages;
  const unwanted = (entry) => entry.optional === true || (isPacked(root) && entry.dev === true);
  const wanted = Object.entries(locked).filter(([path, entry]) => path !== "" && !unwanted(entry));
  return wanted.every(([path, entry]) => listed[path]?.integrity === entry.integrity);
}

/**
 * Fetches ONNX Runtime's CUDA and TensorRT libraries on an x86-64 machine with an NVIDIA GPU (a Jetson has no such
 * libraries on offer). Without them the agent runs on the CPU, so a failure is told at every start and stops nothing.
 * @param {{root: string, again: boolean}} options `again`: try although it failed before
 */
export function fetchGpuLibraries({ root, again }) {
  const choice = process.env.ONNXRUNTIME_NODE_INSTALL;
  if (choice === "skip" || process.platform !== "linux" || process.arch !== "x64") return;
  if (!["/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/dxg"].some((path) => existsSync(path))) return;
  const folder = join(root, "node_modules", "onnxruntime-node");
  if (existsSync(join(folder, "bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so"))) return;
  const stamp = join(folder, ".setup-stamp");
  if (readStamp(stamp)?.failed !== true || again) {
    say("fetching ONNX Runtime's CUDA libraries: this machine has an NVIDIA GPU ...");
    const result = attempt(process.execPath, ["script/install.js"], {
      cwd: folder,
      env: { ONNXRUNTIME_NODE_INSTALL: choice ?? "cuda12" },
    });
    if (result.ok) return;
    process.stderr.write(result.output);
    writeStamp(stamp, { failed: true });
  }
  say("this machine has an NVIDIA GPU, but ONNX Runtime's CUDA libraries could not be fetched: inference runs on the");
  say("  CPU. To try again: node deploy/setup.mjs --gpu. To leave it so: export ONNXRUNTIME_NODE_INSTALL=skip");
}
