import * as assert from "uvu/assert";
import { floatsOf, type Tensor } from "../../models/onnx/session.js";

/** What is known of a feature map that another implementation computed. */
export interface Feature {
  readonly shape: readonly number[];
  readonly mean: number;
  /** With n - 1. */
  readonly std: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** Relative: float32 sums in another order. */
const TOLERANCE = 1e-3;

/** Holds a feature map against its figures. */
export function assertFeature(map: Tensor | undefined, feature: Feature, what: string): void {
  assert.equal(map?.dims, feature.shape, `${what}: shape`);
  const values = floatsOf(map);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // A map of signed numbers has a mean near 0, which is only as exact as the numbers that it is taken of.
  assertNear(mean, feature.mean, Math.max(Math.abs(feature.mean), 0.1 * feature.std) * TOLERANCE, `${what}: mean`);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  assertNear(Math.sqrt(variance), feature.std, feature.std * TOLERANCE, `${what}: deviation`);
  const edges = [...values.slice(0, 4), ...values.slice(-4)];
  for (const [index, value] of [...feature.first, ...feature.last].entries()) {
    const tolerance = Math.max(Math.abs(value), feature.std) * TOLERANCE;
    assertNear(edges[index]!, value, tolerance, `${what}: value ${index}`);
  }
}

export function assertNear(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected} within ${tolerance}`);
}
