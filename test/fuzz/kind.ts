import type fc from "fast-check";

/** What became of an input: `taken`, or the code that it was refused with. */
export type Verdict = string;

export interface Subject<Input> {
  /** Throws, or rejects, for whatever is neither taken nor refused with a code: that is a finding. */
  tryOne(input: Input): Promise<Verdict> | Verdict;
  close(): Promise<void>;
}

/** One way in for hostile input. */
export interface FuzzKind<Input> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** An input that takes longer is a finding. */
  readonly limitMs: number;
  open(): Promise<Subject<Input>>;
}

export const TAKEN = "taken";

/** An input that broke a rule; or the code of its refusal is none. */
export class Finding extends Error {}

export function requireCode(code: unknown): string {
  if (typeof code === "string" && /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) return code;
  throw new Finding(`refused without a stable code: ${String(code)}`);
}
