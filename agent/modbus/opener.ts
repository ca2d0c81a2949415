import type { Config } from "../../config/types.js";
import type { Modbus, ModbusDeps } from "./open.js";

/** Opens Modbus for an agent; undefined where the configuration has none, and then its library is not loaded. */
export async function modbusOpener({
  modbus,
}: Config): Promise<((config: Config, deps: ModbusDeps) => Modbus) | undefined> {
  if (!modbus.enabled) return undefined;
  const { openModbus } = await import("./open.js");
  return openModbus;
}
