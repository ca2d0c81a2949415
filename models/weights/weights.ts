import { CodedError } from "../../errors.js";

export interface WeightTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** Named tensors, as in a PyTorch state dict. */
export type Weights = ReadonlyMap<string, WeightTensor>;

/** A tensor that a network needs. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Tensors that a message names; a file of another network has hundreds that do not fit. */
const MOST_NAMED = 12;

/** Characters of a name that a message repeats. */
const MOST_SHOWN = 200;

/** A name out of a file, for a message: a hostile one has megabytes. */
export function shown(name: string): string {
  return name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}...` : name;
}

/**
 * Refuses `weights` unless they are exactly `specs`: tensors that are missing, extra or of another shape are named, and beyond the first
 * ones counted.
 * @param from the file, for the message
 * @throws CodedError WEIGHTS_MISMATCH
 */
export function requireExactly(weights: Weights, specs: readonly ParameterSpec[], from: string): void {
  const wanted = new Set(specs.map(({ name }) => name));
  const problems: string[] = [];
  for (const { name, shape } of specs) {
    const found = weights.get(name);
    if (found === undefined) problems.push(`${name} [${shape.join(", ")}] is missing`);
    else if (found.shape.join() !== shape.join()) {
      problems.push(`${name} is [${shown(found.shape.join(", "))}], not [${shape.join(", ")}]`);
    }
  }
  for (const name of weights.keys()) {
    if (!wanted.has(name)) problems.push(`${shown(name)} is not part of the network`);
  }
  if (problems.length === 0) return;
  const rest = problems.length > MOST_NAMED ? [`and ${problems.length - MOST_NAMED} more`] : [];
  const named = [...problems.slice(0, MOST_NAMED), ...rest].join("; ");
  throw new CodedError("WEIGHTS_MISMATCH", `weights do not fit the network: ${named}`, {
    at: from,
  });
}

/**
 * Refuses weights that hold NaN or infinity: every score would be no number.
 * @throws CodedError WEIGHTS_NOT_FINITE
 */
export function requireFinite(weights: Weights, from: string): void {
  const bad = [...weights].find(([, { data }]) => !data.every(Number.isFinite));
  if (bad === undefined) return;
  throw new CodedError("WEIGHTS_NOT_FINITE", `${bad[0]} holds NaN or infinity`, {
    at: from,
  });
}
