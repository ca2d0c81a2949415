import { CodedError } from "../../errors.js";

export interface WeightTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** Named tensors, as in a PyTorch state dict. */
export type Weights = ReadonlyMap<string, WeightTensor>;

/** What a network asks for by one name. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Refuses `weights` unless they are exactly `specs`: every tensor that is missing, extra or of another shape is named.
 * @param options.from where the weights come from, for the message
 * @param options.ignore names that may be there and take no part
 */
export function requireExactly(
  weights: Weights,
  specs: readonly ParameterSpec[],
  options: { readonly from: string; readonly ignore?: (name: string) => boolean },
): void {
  const wanted = new Map(specs.map((spec) => [spec.name, spec]));
  const problems: string[] = [];
  for (const { name, shape } of specs) {
    const found = weights.get(name);
    if (found === undefined) problems.push(`${name} [${shape.join(", ")}] is missing`);
    else if (found.shape.join() !== shape.join()) {
      problems.push(`${name} is [${found.shape.join(", ")}], not [${shape.join(", ")}]`);
    }
  }
  for (const name of weights.keys()) {
    if (!wanted.has(name) && options.ignore?.(name) !== true) problems.push(`${name} is not part of the network`);
  }
  if (problems.length === 0) return;
  throw new CodedError("WEIGHTS_MISMATCH", `weights do not fit the network: ${problems.join("; ")}`, {
    at: options.from,
    remedy: "Use weights of the named architecture, with torchvision's (teacher) or RD4AD's (student) tensor names.",
  });
}

/** Refuses weights that hold NaN or infinity: every score would be none. */
export function requireFinite(weights: Weights, from: string): void {
  const bad = [...weights].find(([, { data }]) => !data.every(Number.isFinite));
  if (bad === undefined) return;
  throw new CodedError("WEIGHTS_NOT_FINITE", `${bad[0]} holds numbers that are none (NaN or infinity)`, {
    at: from,
    remedy: "Take weights of a training that did not diverge, from a whole copy of their file.",
  });
}

/** The tensors whose names begin with `prefix`, without it. */
export function withoutPrefix(weights: Weights, prefix: string): Weights {
  return new Map(
    [...weights]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
