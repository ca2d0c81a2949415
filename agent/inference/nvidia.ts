import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where Linux tells of its devices, whether their drivers work or not. */
export interface DeviceSources {
  /** The device tree's list of what the board is, null bytes between. */
  readonly compatible: string;
  /** A folder of devices with their `vendor` and `class`, in hexadecimal. */
  readonly pciDevices: string;
}

const here: DeviceSources = { compatible: "/proc/device-tree/compatible", pciDevices: "/sys/bus/pci/devices" };
const NVIDIA = "0x10de";
/** Display controllers of any kind: VGA is 0x030000, 3D without a connector 0x030200. */
const DISPLAY = "0x03";

/** Whether the machine has an NVIDIA GPU, be it without a driver. Never rejects. */
export async function hasNvidiaGpu({ compatible, pciDevices }: DeviceSources = here): Promise<boolean> {
  // Jetsons: nvidia,p3737-0000+p3701-0000 nvidia,tegra234.
  if (/nvidia,tegra/.test(await textOf(compatible))) return true;
  const devices = await readdir(pciDevices).catch(() => []);
  for (const device of devices) {
    const vendor = await textOf(join(pciDevices, device, "vendor"));
    if (vendor.trim() !== NVIDIA) continue;
    if ((await textOf(join(pciDevices, device, "class"))).startsWith(DISPLAY)) return true;
  }
  return false;
}

/** "" where there is no such file: that the machine has none of these is its nature. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
