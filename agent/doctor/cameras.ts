import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, messageOf } from "../../errors.js";
import type { Check } from "./check.js";

/** Where to look for cameras. */
export interface CameraSources {
  /** Linux's folder of video<n>/name. */
  readonly videoDir: string;
  /** Aravis's list of GigE and USB3 Vision cameras, a line each; rejects where its tool is missing. */
  readonly aravisList: () => Promise<string>;
}

const HERE: CameraSources = {
  videoDir: "/sys/class/video4linux",
  aravisList: async () => {
    try {
      return await run("arv-tool-0.8");
    } catch {
      // Later packages name it without the version; that one's failure is reported.
      return run("arv-tool");
    }
  },
};

/** The cameras that are plugged in, or answer on the network; never rejects. */
export async function cameraChecks({ videoDir, aravisList }: CameraSources = HERE): Promise<readonly Check[]> {
  return [...(await videoDevices(videoDir)), ...(await visionCameras(aravisList))];
}

async function videoDevices(dir: string): Promise<readonly Check[]> {
  let names: readonly string[];
  try {
    names = (await readdir(dir)).sort();
  } catch (error) {
    // The kernel makes the folder with the first device.
    return [none("video devices", "CAMERA_V4L2_NONE", `no video device (${messageOf(error)})`)];
  }
  if (names.length === 0) return [none("video devices", "CAMERA_V4L2_NONE", "no video device")];
  return Promise.all(
    names.map(async (name) => {
      const title = await readFile(join(dir, name, "name"), "utf8").catch(() => "without a name");
      return found(`/dev/${name}`, "CAMERA_V4L2", title.trim());
    }),
  );
}

async function visionCameras(list: CameraSources["aravisList"]): Promise<readonly Check[]> {
  const path = "GigE/USB3 Vision";
  try {
    const lines = (await list()).split("\n").filter((line) => line.trim() !== "" && !/no device found/i.test(line));
    if (lines.length === 0) return [none(path, "CAMERA_ARAVIS_NONE", "no camera answers")];
    return lines.map((line) => found(path, "CAMERA_ARAVIS", line.trim()));
  } catch (error) {
    return [none(path, "CAMERA_ARAVIS_UNKNOWN", `cannot look (${messageOf(error)})`, "Install aravis-tools.")];
  }
}

function found(path: string, code: ErrorCode, message: string): Check {
  return { level: "ok", code, path, message, remedy: "" };
}

function none(
  path: string,
  code: ErrorCode,
  message: string,
  remedy = "Nothing to do unless one should be there.",
): Check {
  return { level: "note", code, path, message, remedy };
}

function run(tool: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(tool, [], { timeout: 6_000 }, (error, stdout) => {
      // The tool exits with 1 when it found nothing.
      if (error !== null && typeof error.code === "string") reject(error);
      else resolve(stdout);
    });
  });
}
