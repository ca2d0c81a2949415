import type { Weights } from "../weights.js";

/**
 * How a publisher's files differ from the tensors of the networks here, which have torchvision's and RD4AD's names: all that there is
 * to say is which of a file's tensors take no part.
 */
export interface NameTable {
  unused(name: string): boolean;
}

/** Counters that PyTorch keeps beside batch norms, and that only those without a momentum read. */
export const COUNTERS = /\.num_batches_tracked$/;

export function tableOf(unused: readonly RegExp[]): NameTable {
  return { unused: (name) => unused.some((pattern) => pattern.test(name)) };
}

/** The tensors of a file that take part. */
export function imported(weights: Weights, table: NameTable): Weights {
  return new Map([...weights].filter(([name]) => !table.unused(name)));
}

/** The tensors of a network that was trained on several GPUs, under its own names: torch.nn.DataParallel puts `module.` before each. */
export function undistributed(weights: Weights): Weights {
  const PREFIX = /^((?:bn|decoder)\.)?module\./;
  if (![...weights.keys()].every((name) => PREFIX.test(name))) return weights;
  return new Map([...weights].map(([name, tensor]) => [name.replace(PREFIX, "$1"), tensor]));
}
