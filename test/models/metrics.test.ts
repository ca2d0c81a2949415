import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { aupro, auroc, bestF1, pixelAuroc, type ScoredMap } from "../../models/evaluate/metrics.js";
import { connectedComponents } from "../../models/pictures/components.js";
import { createRandom } from "../../models/random.js";
import { suite } from "../support/suite.js";

const test = suite("metrics");

function near(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

function row(map: number[], mask: number[] | null): ScoredMap {
  return { map: Float32Array.from(map), mask: mask && Uint8Array.from(mask), width: map.length, height: 1 };
}

test("AUROC is the share of pairs in the right order, ties half", () => {
  near(auroc([1, 2, 3, 4], [0, 0, 1, 1]), 1);
  near(auroc([4, 3, 2, 1], [0, 0, 1, 1]), 0);
  near(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75);
  near(auroc([1, 1, 1, 1], [0, 1, 0, 1]), 0.5);
  // pairs: (2 vs 1) 1, (2 vs 2) half, (3 vs 1) 1, (3 vs 2) 1
  near(auroc([1, 2, 2, 3], [0, 0, 1, 1]), 3.5 / 4);
});

test("AUROC agrees with counting every pair", () => {
  const random = createRandom(5);
  const labels = Array.from({ length: 300 }, () => (random.next() < 0.3 ? 1 : 0));
  const scores = labels.map((label) => Math.round(8 * (random.normal() + label)));
  let wins = 0;
  let pairs = 0;
  for (const [i, a] of scores.entries())
    for (const [j, b] of scores.entries())
      if (labels[i] && !labels[j]) {
        pairs += 1;
        wins += a > b ? 1 : a === b ? 0.5 : 0;
      }
  near(auroc(scores, labels), wins / pairs);
});

test("pixel AUROC pools all pictures; one without a mask is all good", () => {
  near(pixelAuroc([row([0.1, 0.4], null), row([0.35, 0.8], [1, 1])]), 0.75);
});

test("AUPRO, worked by hand", () => {
  // Ten good pixels, two regions: A of two pixels (9, 5), B of one pixel (7). Good: 8, 6, then eight zeros.
  // Thresholds downwards, as (false positive rate, mean overlap):
  //   9 -> (0, 1/4)   8 -> (.1, 1/4)   7 -> (.1, 3/4)   6 -> (.2, 3/4)   5 -> (.2, 1)   0 -> (1, 1)
  // Up to 0.3: .1 x 1/4 + .1 x 3/4 + .1 x 1 = 0.2, and 0.2 / 0.3 = 2/3.
  const sample = row([9, 5, 8, 7, 6, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  near(aupro([sample]), 2 / 3);
  // Up to 0.15: .1 x 1/4 + .05 x 3/4 = 0.0625.
  near(aupro([sample], 0.15), 0.0625 / 0.15);
});

test("AUPRO draws a straight line across ties and cuts it at the limit", () => {
  // Everything ties: from (0, 0) straight to (1, 1); up to 0.3 the area is 0.045, divided by 0.3 it is 0.15.
  near(aupro([row([1, 1, 1, 1], [1, 0, 0, 0])]), 0.15);
});

test("AUPRO weighs a small region as much as a large one", () => {
  const large = row([...Array(9).fill(5), 0, 0, 0], [...Array(9).fill(1), 0, 0, 0]);
  const missed = row([-1, 0, 0, 0], [1, 0, 0, 0]);
  near(aupro([large, missed]), 0.5);
});

test("perfect maps give 1", () => {
  near(aupro([row([1, 0, 0, 1], [1, 0, 0, 1])]), 1);
  near(pixelAuroc([row([1, 0, 0, 1], [1, 0, 0, 1])]), 1);
});

test("pixels that touch at a corner belong to one region", () => {
  const mask = Uint8Array.of(1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0);
  const { labels, components } = connectedComponents(mask, 4, 3);
  assert.equal(components, [
    { area: 2, left: 0, top: 0, right: 1, bottom: 1 },
    { area: 2, left: 3, top: 0, right: 3, bottom: 1 },
  ]);
  assert.equal([...labels], [1, 0, 0, 2, 0, 1, 0, 2, 0, 0, 0, 0]);
});

test("best F1 and a threshold that splits the scores there", () => {
  assert.equal(bestF1([1, 2, 3, 4], [0, 0, 1, 1]), { f1: 1, threshold: 2.5 });
  // Above 1.5: three found, two of them defects: F1 = 2 x 2 / (3 + 2).
  const { f1, threshold } = bestF1([1, 2, 3, 4], [0, 1, 0, 1]);
  near(f1, 0.8);
  near(threshold, 1.5);
});

test("data of one class, and scores that are not numbers, are refused", () => {
  const code = (work: () => unknown): string | undefined => {
    try {
      work();
    } catch (error) {
      return error instanceof CodedError ? error.code : String(error);
    }
    return undefined;
  };
  assert.is(
    code(() => auroc([1, 2], [1, 1])),
    "METRIC_ONE_CLASS",
  );
  assert.is(
    code(() => aupro([row([1, 2], null)])),
    "METRIC_ONE_CLASS",
  );
  assert.is(
    code(() => auroc([1, Number.NaN], [1, 0])),
    "METRIC_NOT_FINITE",
  );
  assert.is(
    code(() => pixelAuroc([row([Number.NaN, 1], [1, 0])])),
    "METRIC_NOT_FINITE",
  );
});

test("five million pixels take seconds, not minutes", () => {
  const random = createRandom(3);
  const side = 256;
  const samples = Array.from({ length: 80 }, (_, n): ScoredMap => {
    const mask = n % 2 ? new Uint8Array(side * side).fill(1, 1000, 3000) : null;
    const map = Float32Array.from({ length: side * side }, (_, i) => random.next() + (mask?.[i] ?? 0));
    return { map, mask, width: side, height: side };
  });
  const started = performance.now();
  const area = pixelAuroc(samples);
  const overlap = aupro(samples);
  const took = performance.now() - started;
  assert.ok(area > 0.99 && overlap > 0.95, `${area} ${overlap}`);
  assert.ok(took < 8000, `${took} ms`);
});

test.run();
