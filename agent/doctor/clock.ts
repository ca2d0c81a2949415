import { stat } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { errorCodes, messageOf } from "../../errors.js";
import { adjtimex } from "../kit/libc.js";
import type { Check } from "./check.js";

/** This machine's clock. */
export interface ClockMachine {
  /** `struct timex` as adjtimex(2) fills it in on 64-bit Linux, null where it refuses; throws where it cannot be called. */
  readonly timex: () => Uint8Array | null;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** When this program was put on the machine, epoch milliseconds: no true clock shows an earlier time. */
  readonly installedMs: () => Promise<number>;
}

const HERE: ClockMachine = {
  timex: adjtimex,
  nowMs: Date.now,
  installedMs: async () => (await stat(join(packageRoot(), "package.json"))).mtimeMs,
};

/** Of `struct timex` (sys/timex.h): where its fields begin, where a long has 64 bits. */
const MAX_ERROR_AT = 24;
const STATUS_AT = 40;
const UNSYNCHRONISED = 0x40;

/** Whether the clock is held to a time server's, and by how much it may be off, as the kernel keeps account of it; never rejects. */
export async function clockCheck(machine: ClockMachine = HERE): Promise<Check> {
  const path = "clock";
  const behindMs = (await machine.installedMs().catch(() => 0)) - machine.nowMs();
  // What was unpacked from an archive may be of another time zone's evening.
  if (behindMs > 86_400_000) {
    const days = Math.floor(behindMs / 86_400_000);
    const message = `it is at least ${days} day${days === 1 ? "" : "s"} behind: ${shown(machine.nowMs())}`;
    return { level: "fail", code: "CLOCK_BEHIND", path, message, remedy: errorCodes.CLOCK_BEHIND.remedy };
  }
  try {
    const timex = machine.timex();
    if (timex === null || endianness() !== "LE") throw new Error("the kernel does not say");
    const view = new DataView(timex.buffer, timex.byteOffset, timex.byteLength);
    const offByMs = Number(view.getBigInt64(MAX_ERROR_AT, true)) / 1_000;
    if ((view.getInt32(STATUS_AT, true) & UNSYNCHRONISED) === 0) {
      const message = `synchronised, off by ${offByMs < 1 ? "less than a millisecond" : `at most ${Math.ceil(offByMs)} ms`}`;
      return { level: "ok", code: "CLOCK_OK", path, message, remedy: "" };
    }
    const message = `no time server holds it, how far it is off is not known: ${shown(machine.nowMs())}`;
    const { remedy } = errorCodes.CLOCK_UNSYNCHRONISED;
    return { level: "note", code: "CLOCK_UNSYNCHRONISED", path, message, remedy };
  } catch (error) {
    const message = `whether it is synchronised cannot be found out (${messageOf(error)}): ${shown(machine.nowMs())}`;
    return { level: "note", code: "CLOCK_UNKNOWN", path, message, remedy: errorCodes.CLOCK_UNKNOWN.remedy };
  }
}

function shown(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
