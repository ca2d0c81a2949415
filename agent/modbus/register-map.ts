/**
 * The registers that a PLC reads, declared once: what is answered and the tables of docs/plc.md are made from here. All are
 * unsigned, of 16 bits; what has two words has its high word first, as Modbus has its bytes.
 */

/** One thing that a PLC reads. */
export interface Register<Name extends string = string> {
  readonly name: Name;
  readonly words: 1 | 2;
  /** One line for the table. */
  readonly means: string;
}

/** One bit that a PLC reads. */
export interface Bit<Name extends string = string> {
  readonly name: Name;
  readonly means: string;
}

function word<const Name extends string>(name: Name, means: string): Register<Name> {
  return { name, words: 1, means };
}

function pair<const Name extends string>(name: Name, means: string): Register<Name> {
  return { name, words: 2, means };
}

function bit<const Name extends string>(name: Name, means: string): Bit<Name> {
  return { name, means };
}

/** Another number is another map: a PLC that does not know it must not read on. */
export const MAP_VERSION = 1;
/** How often the heartbeat counts, in milliseconds. */
export const HEARTBEAT_MS = 100;
/** The newest verdicts of each camera that can still be read. A divisor of 65536: the place of a verdict follows from the low word of its `seq`. */
export const SLOTS = 16;
/** A score's thousandths. */
export const SCORE_SCALE = 1_000;

/** What the registers and bits of a verdict say; 0 is never `ok` and never lets a part pass. */
export const VERDICTS = { ok: 1, ng: 2, unknown: 3 } as const;
export const GATES = { pass: 1, reject: 2 } as const;
export const STATES = {
  starting: 0,
  ok: 1,
  anomalous: 2,
  idle: 3,
  "no-signal": 4,
  faulted: 5,
  disabled: 6,
} as const;

/** From address 0 on. */
export const AGENT_REGISTERS = [
  word("mapVersion", `${MAP_VERSION}: the version of this map`),
  word("heartbeat", "counts up ten times a second, from 65535 to 0; one that stands is silence"),
  word("cameras", "cameras that are configured"),
  word("camerasReady", "those of them that are `ready`"),
  word(
    "providerFaults",
    "cameras whose model runs on another provider than it was to: they judge, slower than planned; 0: none",
  ),
] as const;

/** The first registers of each camera; those of its newest verdict follow. */
export const STANDING_REGISTERS = [
  word(
    "ready",
    "1: the camera delivers pictures and its model judges them; else 0, also once a source has come to its end",
  ),
  word("state", codes(STATES)),
  word("seqHigh", "the high word of the newest verdict's number (`seq` over MQTT), those of earlier runs included"),
] as const;

/** Of one verdict. */
export const VERDICT_REGISTERS = [
  word("seqLow", "the low word of its number"),
  word("verdict", `0 none yet, ${codes(VERDICTS)}`),
  word("gate", `what the gate does: 0 nothing yet, ${codes(GATES)}; \`unknownIs\` is applied`),
  word("late", "1: it came after its deadline"),
  pair("part", "the part, where that is a whole number up to 4294967295; else 0"),
  word("score", "the score in thousandths, at most 65535; 0 where nothing was judged"),
] as const;

/** Behind the slots. Since the agent's start, and over 4294967295 from 0 again. */
export const COUNT_REGISTERS = [
  pair("okCount", "verdicts `ok` since the agent's start"),
  pair("ngCount", "verdicts `ng`"),
  pair("unknownCount", "verdicts `unknown`"),
  pair("lateCount", "of all, those after their deadline"),
] as const;

/** From address 0 on. */
export const AGENT_BITS = [
  bit("heartbeat", "the lowest bit of the register: another one every tenth of a second"),
  bit("allReady", "every enabled camera is `ready`, and there is one"),
  bit("providerFault", "`providerFaults` is not 0"),
] as const;

/** From the address of a camera's first register on; those of the verdict are of the newest one. */
export const CAMERA_BITS = [
  bit("ready", "as the register"),
  bit("toggle", "the lowest bit of `seqLow`: another one at each verdict"),
  bit("pass", "`gate` is pass"),
  bit("reject", "`gate` is reject"),
  bit("ok", "`verdict` is ok"),
  bit("ng", "`verdict` is ng"),
  bit("unknown", "`verdict` is unknown"),
  bit("late", "as the register"),
  bit("providerFault", "its model runs on another provider than it was to: it judges, slower than planned"),
] as const;

/** The words of some registers, in their order. What is larger than its register has its high bits cut off. */
export function wordsOf<Name extends string>(
  registers: readonly Register<Name>[],
  values: Readonly<Record<NoInfer<Name>, number>>,
): readonly number[] {
  return registers.flatMap(({ name, words }) => {
    const low = values[name] % 65_536;
    return words === 1 ? [low] : [Math.floor(values[name] / 65_536) % 65_536, low];
  });
}

/** Some bits, in their order. */
export function bitsOf<Name extends string>(
  bits: readonly Bit<Name>[],
  values: Readonly<Record<NoInfer<Name>, boolean>>,
): readonly boolean[] {
  return bits.map(({ name }) => values[name]);
}

/** How many words some registers have. */
export function lengthOf(registers: readonly Register[]): number {
  return registers.reduce((sum, { words }) => sum + words, 0);
}

function codes(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${value} ${name}`)
    .join(", ");
}
