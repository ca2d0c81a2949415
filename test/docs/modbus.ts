/** The tables of docs/plc.md, made from the registers' declaration. */
import {
  AGENT_BITS,
  AGENT_REGISTERS,
  type Bit,
  CAMERA_BITS,
  COUNT_REGISTERS,
  lengthOf,
  type Register,
  SLOTS,
  STANDING_REGISTERS,
  VERDICT_REGISTERS,
} from "../../agent/modbus/register-map.js";

/** By the name of the place where each stands. */
export function modbusTables(): Readonly<Record<string, string>> {
  const newest = lengthOf(STANDING_REGISTERS);
  const each = lengthOf(VERDICT_REGISTERS);
  const slots = newest + each;
  const counts = slots + SLOTS * each;
  const slotRow = [
    `| +${slots} to +${counts - 1} | ${SLOTS} slots`,
    `the newest ${SLOTS} verdicts, each ${each} registers like +${newest} to +${slots - 1}; that of a number at +${slots} + ${each} × (\`seqLow\` mod ${SLOTS}) |`,
  ].join(" | ");
  return {
    "agent registers": table("address", rowsOf(AGENT_REGISTERS, 0, "")),
    "camera registers": table("from the camera's address", [
      ...rowsOf(STANDING_REGISTERS, 0, "+"),
      ...rowsOf(VERDICT_REGISTERS, newest, "+"),
      slotRow,
      ...rowsOf(COUNT_REGISTERS, counts, "+"),
    ]),
    "agent bits": table("address", bitRows(AGENT_BITS, "")),
    "camera bits": table("from the camera's address", bitRows(CAMERA_BITS, "+")),
  };
}

function table(where: string, rows: readonly string[]): string {
  return [`| ${where} | name | what it says |`, "| --- | --- | --- |", ...rows].join("\n");
}

function rowsOf(registers: readonly Register[], from: number, sign: string): readonly string[] {
  let at = from;
  return registers.map(({ name, words, means }) => {
    const places = Array.from({ length: words }, (_, n) => `${sign}${at + n}`);
    at += words;
    return `| ${places.join(", ")} | \`${name}\` | ${means} |`;
  });
}

function bitRows(bits: readonly Bit[], sign: string): readonly string[] {
  return bits.map(({ name, means }, at) => `| ${sign}${at} | \`${name}\` | ${means} |`);
}
