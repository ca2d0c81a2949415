import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { detectBoard } from "../kit/board.js";

const NVIDIA = "0x10de";
/** Display controllers of any kind: VGA is 0x030000, 3D without a connector 0x030200. */
const DISPLAY = "0x03";

/** Whether the machine has an NVIDIA GPU, be it without a driver. Never rejects. @param root where /proc, /etc and /sys are */
export async function hasNvidiaGpu(root = ""): Promise<boolean> {
  if (detectBoard(root) === "jetson") return true;
  // Of each device its vendor and class, in hexadecimal, whether their drivers work or not.
  const folder = `${root}/sys/bus/pci/devices`;
  for (const device of await readdir(folder).catch(() => [])) {
    if ((await textOf(join(folder, device, "vendor"))).trim() !== NVIDIA) continue;
    if ((await textOf(join(folder, device, "class"))).startsWith(DISPLAY)) return true;
  }
  return false;
}

/** "" where there is no such file: that the machine has none of these is its nature. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
