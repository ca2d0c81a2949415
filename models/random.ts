/** A seeded generator of random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform whole number in [0, below). */
  int(below: number): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** Mean 0, deviation 1. */
  normal(): number;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(values: readonly T[]): T[];
  /** The whole state: `createRandom(state)` goes on with the numbers that would come next. */
  state(): number;
}

/** mulberry32: 32 bits of state, good enough for pictures, augmentation and initial weights. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    between: (from, to) => from + (to - from) * next(),
    // Box-Muller without keeping the second value, so that the state above is all there is.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (values) => {
      if (values.length === 0) throw new RangeError("pick from an empty list");
      return values[int(values.length)] as (typeof values)[number];
    },
    shuffle: (values) => {
      const copy = [...values];
      for (let i = copy.length - 1; i > 0; i -= 1) {
        const j = int(i + 1);
        const kept = copy[i] as (typeof values)[number];
        copy[i] = copy[j] as (typeof values)[number];
        copy[j] = kept;
      }
      return copy;
    },
    state: () => state,
  };
}

/** One seed from several numbers, in their order: part 3 of line 7 differs from part 7 of line 3. */
export function seedOf(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 0x9e3779b1);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}
