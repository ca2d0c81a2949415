/** The distributions that judging needs, and the middle and spread of numbers of which some may be wrong. */

/** The middle value; of an even count the mean of the two in the middle. @param values at least one */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which a share of the values lies, interpolated linearly. @param values at least one */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return sorted[low]! + (at - low) * (above - sorted[low]!);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard deviation, by n - 1; 0 of one value. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

/**
 * How many independent values say as much about the middle as these, which follow each other in time and may resemble their neighbours:
 * from 1 to their number (Geyer, Practical Markov chain Monte Carlo, 1992: sums of neighbouring autocorrelations while they are positive).
 * @param values at least one, in their order
 */
export function independentOf(values: readonly number[]): number {
  const middle = mean(values);
  const around = values.map((value) => value - middle);
  const at = (lag: number): number => around.slice(lag).reduce((sum, value, index) => sum + value * around[index]!, 0);
  const variance = at(0);
  if (variance === 0) return 1;
  let times = -1;
  for (let lag = 0; lag < values.length; lag += 2) {
    const pair = (at(lag) + at(lag + 1)) / variance;
    if (pair <= 0) break;
    times += 2 * pair;
  }
  return Math.min(values.length, Math.max(1, values.length / times));
}

/** Middle and spread of values of which up to a tenth may be wrong, and large. */
export interface RobustFit {
  readonly middle: number;
  readonly spread: number;
}

/** Deviations of a normal distribution in its median absolute deviation. */
const PER_MAD = 1.4826;
/** Good parts have a longer tail upwards than their middle half shows. Wrong ones are supposed to be rarer than what is above this share. */
const UPPER_SHARE = 0.85;
/** The distance from the middle to that share in a normal distribution, in deviations. */
const UPPER_DEVIATIONS = 1.0364;

/**
 * The middle and spread by medians and a quantile, which wrong values hardly move: the larger of the spreads that the middle half and the
 * upper part show.
 * @param values at least one
 */
export function robustFit(values: readonly number[], leastSpread: number): RobustFit {
  const middle = median(values);
  const around = PER_MAD * median(values.map((value) => Math.abs(value - middle)));
  const upwards = (quantile(values, UPPER_SHARE) - middle) / UPPER_DEVIATIONS;
  return { middle, spread: Math.max(around, upwards, leastSpread) };
}

/** The share of a standard normal distribution above x; to seven digits. */
export function normalTail(x: number): number {
  const t = 1 / (1 + Math.abs(x) / (2 * Math.SQRT2));
  const series = ERFC.reduceRight((sum, each) => each + t * sum, 0);
  const tail = 0.5 * t * Math.exp((-x * x) / 2 + series);
  return x >= 0 ? tail : 1 - tail;
}

/** Press et al., Numerical Recipes, erfcc: Chebyshev coefficients of ln(erfc) + x^2. */
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/** The share of Student's t distribution above x. */
export function studentTail(x: number, freedom: number): number {
  const half = 0.5 * incompleteBeta(freedom / 2, 0.5, freedom / (freedom + x * x));
  return x >= 0 ? half : 1 - half;
}

/** The value above which a share of Student's t distribution lies. */
export function studentQuantile(share: number, freedom: number): number {
  return bisected(0, 1e6, (x) => studentTail(x, freedom) < share);
}

/**
 * The share that, by 95 % confidence, a rate stays below of which `count` in `total` were seen (Clopper and Pearson, one-sided).
 * @param count need not be whole
 */
export function upper95(count: number, total: number): number {
  if (count >= total) return 1;
  return bisected(0, 1, (share) => incompleteBeta(count + 1, total - count, share) > 0.95);
}

/** Where a condition becomes true, between two ends. */
export function bisected(low: number, high: number, isAbove: (x: number) => boolean): number {
  let [from, to] = [low, high];
  for (let round = 0; round < 60; round += 1) {
    const middle = (from + to) / 2;
    if (isAbove(middle)) to = middle;
    else from = middle;
  }
  return to;
}

/** The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction. */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  const tiny = 1e-300;
  const held = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / held(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 1_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 / held(1 + term * d);
      c = held(1 + term / c);
      change = c * d;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-12) break;
  }
  return (front * fraction) / a;
}

/** Lanczos's approximation, to twelve digits for x > 0. */
function logGamma(x: number): number {
  const shifted = x + 5.2421875;
  const sum = LANCZOS.reduce((total, each, index) => total + each / (x + 1 + index), 0.999999999999997);
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310002 * sum) / x);
}

const LANCZOS = [
  57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202, 3.399464998481189e-5,
  4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488, 0.00021743961811521265,
  -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6,
];
