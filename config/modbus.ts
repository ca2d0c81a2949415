import type { Problem } from "./problems.js";
import { itemName } from "./tree.js";
import type { CameraConfig, Config } from "./types.js";

/** From the first register of one camera to that of the next one in the list. */
const SPACING = 1_000;
/** So many registers belong to one camera, those included that mean nothing yet. */
export const BLOCK_REGISTERS = 130;
const LAST_REGISTER = 65_535;

/** The address of each camera's first register, in the order of the list. */
export function modbusAddresses(cameras: readonly CameraConfig[]): readonly number[] {
  return cameras.map(({ modbus }, index) => (modbus.address === "auto" ? SPACING * (index + 1) : modbus.address));
}

/** A port that HTTP has, and cameras whose registers have no room or lie over those of another one. */
export function modbusRules({ modbus, http, cameras }: Config): readonly Problem[] {
  if (!modbus.enabled) return [];
  const addresses = modbusAddresses(cameras);
  const overlaps = addresses.flatMap((address, index): Problem[] => {
    const message = overlap(addresses, index, cameras) ?? noRoom(address);
    if (message === null) return [];
    const path = `cameras.${itemName(cameras, index)}.modbus.address`;
    const remedy = `Give it an address of its own, with ${BLOCK_REGISTERS} registers behind it.`;
    return [{ code: "CONFIG_CONFLICT", path, message, remedy }];
  });
  if (!http.enabled || http.port !== modbus.port) return overlaps;
  const message = `${modbus.port} is http.port, too: only one of them could listen`;
  return [
    { code: "CONFIG_CONFLICT", path: "modbus.port", message, remedy: "Give each a port of its own." },
    ...overlaps,
  ];
}

function overlap(addresses: readonly number[], index: number, cameras: readonly CameraConfig[]): string | null {
  const address = addresses[index]!;
  const other = addresses.findIndex((each, at) => at < index && Math.abs(each - address) < BLOCK_REGISTERS);
  return other < 0 ? null : `its Modbus registers from ${address} on are those of ${cameras[other]!.id}, too`;
}

function noRoom(address: number): string | null {
  if (address + BLOCK_REGISTERS - 1 <= LAST_REGISTER) return null;
  return `its Modbus registers would begin at ${address}, and ${LAST_REGISTER} is the last one`;
}
