import * as assert from "uvu/assert";
import { rankPictures } from "../../models/judging/odd.js";
import { incompleteBeta, normalTail, studentQuantile, upper95 } from "../../models/judging/statistics.js";
import { rateInWords, thresholdFor } from "../../models/judging/threshold.js";
import { createRandom } from "../../models/random.js";
import { suite } from "../support/suite.js";

const test = suite("judging");

/** Scores of good parts: log-normal, some half as odd again as the middle one. */
function goodScores(count: number, seed: number, spread = 0.15): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => 0.4 * Math.exp(spread * random.normal()));
}

test("the distributions are those of the tables", () => {
  near(normalTail(1.644854), 0.05, 1e-6);
  near(normalTail(-2.326348), 0.99, 1e-6);
  near(studentQuantile(0.01, 9), 2.8214, 1e-3);
  near(studentQuantile(0.01, 1), 31.8205, 1e-2);
  near(incompleteBeta(2, 3, 0.4), 0.5248, 1e-4);
  near(upper95(0, 27), 0.105, 1e-3);
  near(upper95(2, 100), 0.0616, 1e-3);
});

test("of good parts the wanted share is rejected, from ten pictures as from three hundred", () => {
  for (const count of [10, 20, 50, 300]) {
    let rejected = 0;
    let total = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const { threshold } = thresholdFor({ heldOut: goodScores(count, seed) }, 0.01);
      const parts = goodScores(1_000, 1_000 + seed);
      rejected += parts.filter((score) => score > threshold).length;
      total += parts.length;
    }
    assert.ok(rejected / total < 0.025, `${count} pictures: ${rejected / total}`);
    assert.ok(rejected / total > 0.001, `${count} pictures: ${rejected / total}`);
  }
});

test("one absurd picture moves the threshold by less than a twentieth", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const scores = goodScores(60, seed);
    const { threshold } = thresholdFor({ heldOut: scores });
    for (const absurd of [1, 2, 1e6, Number.MAX_VALUE, 0]) {
      const moved = thresholdFor({ heldOut: [...scores, absurd] }).threshold / threshold;
      assert.ok(Math.abs(moved - 1) < 0.05, `seed ${seed}, ${absurd}: ${moved}`);
    }
  }
});

test("with a twentieth of the pictures defective, the threshold stays below the defects", () => {
  const defects = [1.3, 1.5, 1.1, 2, 1.7];
  for (let seed = 1; seed <= 100; seed += 1) {
    const scores = [...goodScores(100, seed), ...defects];
    assert.ok(thresholdFor({ heldOut: scores.slice(90), trained: scores.slice(0, 90) }).threshold < 1.05);
    assert.ok(thresholdFor({ heldOut: [...goodScores(200, seed), ...defects, ...defects] }).threshold < 1.05);
  }
});

test("where one good part in twelve lies in a long tail, no more than three times the wanted share is rejected", () => {
  const tail = (count: number, seed: number) => {
    const random = createRandom(seed);
    return goodScores(count, seed + 5_000).map((score) =>
      random.next() < 0.08 ? 0.4 * random.between(1.45, 1.75) : score,
    );
  };
  let rejected = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const scores = tail(300, seed);
    const { threshold } = thresholdFor({ heldOut: scores });
    rejected += tail(1_000, seed + 1_000).filter((score) => score > threshold).length;
    const moved = thresholdFor({ heldOut: [...scores, 1e6] }).threshold / threshold;
    assert.ok(Math.abs(moved - 1) < 0.05, `seed ${seed}: ${moved}`);
  }
  assert.ok(rejected / 100_000 < 0.035, `${rejected / 100_000}`);
});

test("what training takes off the scores of its own pictures is put on again", () => {
  const [heldOut, trained] = [goodScores(60, 1), goodScores(300, 2)];
  const alike = thresholdFor({ heldOut, trained }).threshold;
  const lower = thresholdFor({ heldOut, trained: trained.map((score) => 0.8 * score) }).threshold;
  assert.ok(Math.abs(lower / alike - 1) < 0.03, `${lower} and ${alike}`);
});

test("few pictures work, and their record says how little they prove", () => {
  const few = thresholdFor({ heldOut: goodScores(10, 3) });
  const many = thresholdFor({ heldOut: goodScores(1_000, 3) });
  assert.ok(few.calibration.falseAlarmRate.upper95 > 0.2);
  assert.ok(many.calibration.falseAlarmRate.upper95 < 0.021);
  assert.ok(few.threshold > many.threshold);
  assert.ok(few.moreImagesWanted > 300);
  assert.is(many.moreImagesWanted, 0);
  for (const scores of [[1], [1, 1], [0, 0, 0], [0.2, 0.2, 0.3]]) {
    assert.ok(thresholdFor({ heldOut: scores }).threshold >= Math.max(...scores));
  }
});

test("the rate is told in parts, with what more pictures would bring", () => {
  const rate = { wanted: 0.01, expected: 0.008, upper95: 0.0204 };
  assert.is(
    rateInWords(rate, 300),
    "of 1,000 good parts expect 8 to be rejected, 95 % sure of fewer than 21; with 300 more pictures: fewer than 20",
  );
  assert.is(
    rateInWords({ wanted: 0.01, expected: 0.048, upper95: 0.0801 }, 0),
    "of 1,000 good parts expect 48 to be rejected (10 were asked for), 95 % sure of fewer than 81",
  );
});

const oddOf = (distances: readonly number[]) => rankPictures(distances).odd;

test("a picture far from the others is odd, the oddest first; those of a long tail are not", () => {
  const usual = goodScores(100, 5, 0.2);
  const odd = oddOf([...usual, 1.4, 2.6]);
  assert.equal(odd.map(({ index }) => index).slice(0, 2), [101, 100]);
  assert.match(odd[0]!.reason, /times as far/);
  const { rest } = rankPictures([...usual, 1.4, 2.6]);
  assert.is(rest.length + odd.length, 102);
  const others = usual.filter((_, index) => !odd.some((each) => each.index === index));
  assert.is(rest[0]!.score, Math.max(...others), "the oddest of the others is there to look at");
  let listed = 0;
  for (let seed = 1; seed <= 100; seed += 1) listed += oddOf(goodScores(200, seed, 0.4)).length;
  assert.ok(listed <= 60, `${listed} of 20,000 good pictures`);
  assert.equal(oddOf([0.1, 0.1, 3]), []);
  assert.equal(oddOf([]), []);
});

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected}`);
}

test.run();
