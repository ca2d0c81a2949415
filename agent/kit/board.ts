import { existsSync, readFileSync } from "node:fs";

/** What kind of machine this is: a Jetson has decoders, a scaler, a camera stack and a GPU of its own. */
export type Board = "generic" | "jetson";

/**
 * The one answer to what this machine is, for launch lines, providers and `doctor`. The device tree is seen in containers, too; the release
 * file is there where a board's tree names none of NVIDIA's chips.
 * @param root where /proc and /etc are
 */
export function detectBoard(root = ""): Board {
  if (/nvidia,tegra/.test(deviceTree(root))) return "jetson";
  return existsSync(`${root}/etc/nv_tegra_release`) ? "jetson" : "generic";
}

/** What the board is called, the most exact name first, null bytes between: nvidia,p3737-0000+p3701-0000, ..., nvidia,tegra234. */
function deviceTree(root: string): string {
  try {
    return readFileSync(`${root}/proc/device-tree/compatible`, "utf8");
  } catch {
    // A PC has none.
    return "";
  }
}
