import type { VerdictPayload } from "../contract/part-payloads.js";
import type { CameraState } from "../contract/payloads.js";
import {
  bitsOf,
  CAMERA_BITS,
  COUNT_REGISTERS,
  GATES,
  SCORE_SCALE,
  SLOTS,
  STANDING_REGISTERS,
  STATES,
  VERDICT_REGISTERS,
  VERDICTS,
  wordsOf,
} from "./register-map.js";

/** What a camera is doing, beside its verdicts. */
export interface BlockStanding {
  readonly ready: boolean;
  readonly state: CameraState;
  /** Whether its model runs on another provider than it was to. */
  readonly providerFault: boolean;
}

type Values = Readonly<Record<(typeof VERDICT_REGISTERS)[number]["name"], number>>;

const NONE: Values = { seqLow: 0, verdict: 0, gate: 0, late: 0, part: 0, score: 0 };
const LARGEST = 65_535;

/** The registers and bits of one camera: each look at them shows whole verdicts, never parts of two. */
export class CameraBlock {
  readonly #slots: (readonly number[])[] = Array.from({ length: SLOTS }, () => wordsOf(VERDICT_REGISTERS, NONE));
  readonly #counts = { ok: 0, ng: 0, unknown: 0, late: 0 };
  #seq: number;
  #newest: Values;

  /** @param seq the last number of an earlier run: a PLC knows which one comes next */
  constructor(seq: number) {
    this.#seq = seq;
    this.#newest = { ...NONE, seqLow: seq % 65_536 };
  }

  take({ seq, part, verdict, unknownIs, late, score }: VerdictPayload): void {
    const passes = verdict === "ok" || (verdict === "unknown" && unknownIs === "ok");
    const values: Values = {
      seqLow: seq % 65_536,
      verdict: VERDICTS[verdict],
      gate: passes ? GATES.pass : GATES.reject,
      late: late ? 1 : 0,
      part: partNumber(part),
      score: thousandths(score),
    };
    this.#slots[seq % SLOTS] = wordsOf(VERDICT_REGISTERS, values);
    this.#seq = seq;
    this.#newest = values;
    this.#counts[verdict] += 1;
    if (late) this.#counts.late += 1;
  }

  /** Of a camera that sees no parts: the score of its newest picture. */
  saw(score: number): void {
    this.#newest = { ...NONE, score: thousandths(score) };
  }

  /** Its registers, from its address on. */
  registers({ ready, state }: BlockStanding): readonly number[] {
    const { ok, ng, unknown, late } = this.#counts;
    const standing = { ready: ready ? 1 : 0, state: STATES[state], seqHigh: Math.floor(this.#seq / 65_536) };
    return [
      ...wordsOf(STANDING_REGISTERS, standing),
      ...wordsOf(VERDICT_REGISTERS, this.#newest),
      ...this.#slots.flat(),
      ...wordsOf(COUNT_REGISTERS, { okCount: ok, ngCount: ng, unknownCount: unknown, lateCount: late }),
    ];
  }

  /** Its bits, from its address on. */
  bits({ ready, providerFault }: BlockStanding): readonly boolean[] {
    const { verdict, gate, late } = this.#newest;
    return bitsOf(CAMERA_BITS, {
      ready,
      toggle: this.#seq % 2 === 1,
      pass: gate === GATES.pass,
      reject: gate === GATES.reject,
      ok: verdict === VERDICTS.ok,
      ng: verdict === VERDICTS.ng,
      unknown: verdict === VERDICTS.unknown,
      late: late === 1,
      providerFault,
    });
  }
}

/** The part's own number; 0 where it is a text, or no number of two registers. */
function partNumber(part: string | number): number {
  return typeof part === "number" && Number.isInteger(part) && part >= 0 && part < 2 ** 32 ? part : 0;
}

function thousandths(score: number | null): number {
  return score === null ? 0 : Math.min(LARGEST, Math.max(0, Math.round(score * SCORE_SCALE)));
}
