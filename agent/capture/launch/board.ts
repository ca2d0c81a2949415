import { existsSync } from "node:fs";

/** What the launch lines may use: on a Jetson its decoders, its scaler and its camera stack. */
export type Board = "generic" | "jetson";

/** @param exists whether a path exists, for tests */
export function detectBoard(exists: (path: string) => boolean = existsSync): Board {
  return exists("/etc/nv_tegra_release") ? "jetson" : "generic";
}
