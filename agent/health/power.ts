import { basename } from "node:path";
import { addNamed, entriesOf, numberOf, textOf } from "./readings.js";

/** The monitors of Texas Instruments that Jetsons and carrier boards have. */
const MONITOR = /^ina\d+x?$/;
const CHANNELS = [1, 2, 3] as const;

/**
 * What the board's power monitors measure, in watts by rail: `VDD_IN` is all of an Orin Nano or NX; an AGX Orin or a Thor has no rail for
 * all. JetPack 5 to 7 have the monitors as hwmon, JetPack 4 as iio. Never rejects.
 * @param root where /sys is
 */
export async function railsW(root: string): Promise<Readonly<Record<string, number>>> {
  const rails: Record<string, number> = {};
  for (const monitor of await entriesOf(`${root}/sys/class/hwmon`, "hwmon")) {
    if (MONITOR.test((await textOf(`${monitor}/name`)) ?? "")) await addHwmon(rails, monitor);
  }
  for (const chip of await entriesOf(`${root}/sys/bus/i2c/drivers/ina3221x`, "")) {
    for (const monitor of await entriesOf(chip, "iio:device")) await addIio(rails, monitor, basename(chip));
  }
  return rails;
}

/** Channels beyond the third are voltages over shunts and their sum: https://docs.kernel.org/hwmon/ina3221.html */
async function addHwmon(rails: Record<string, number>, monitor: string): Promise<void> {
  for (const channel of CHANNELS) {
    const label = await textOf(`${monitor}/in${channel}_label`);
    // NVIDIA names what is not connected so.
    if (label === null || label === "NC") continue;
    const milliVolts = await numberOf(`${monitor}/in${channel}_input`);
    const milliAmperes = await numberOf(`${monitor}/curr${channel}_input`);
    if (milliVolts === null || milliAmperes === null) continue;
    addNamed(rails, label, basename(monitor), rounded((milliVolts * milliAmperes) / 1_000_000));
  }
}

async function addIio(rails: Record<string, number>, monitor: string, chip: string): Promise<void> {
  for (const channel of CHANNELS) {
    const label = await textOf(`${monitor}/rail_name_${channel - 1}`);
    const milliWatts = await numberOf(`${monitor}/in_power${channel - 1}_input`);
    if (label !== null && milliWatts !== null) addNamed(rails, label, chip, rounded(milliWatts / 1_000));
  }
}

/** The power mode that `nvpmodel` keeps, by its name; its number where nothing names it; null where there is none. */
export async function powerMode(root: string): Promise<string | null> {
  const id = /pmode:(\d+)/.exec((await textOf(`${root}/var/lib/nvpmodel/status`)) ?? "")?.[1];
  if (id === undefined) return null;
  const number = String(Number(id));
  const modes = (await textOf(`${root}/etc/nvpmodel.conf`)) ?? "";
  return new RegExp(`^<\\s*POWER_MODEL ID=${number} NAME=(\\S+)`, "m").exec(modes)?.[1] ?? number;
}

/** To the milliwatt. */
function rounded(watts: number): number {
  return Math.round(watts * 1_000) / 1_000;
}
