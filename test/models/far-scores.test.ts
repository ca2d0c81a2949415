import fc from "fast-check";
import * as assert from "uvu/assert";
import { createRandom } from "../../models/random.js";
import { farScores } from "../../models/training/far-scores.js";
import { suite } from "../support/suite.js";

const test = suite("far scores");

test("one of 1.70 among others of 0.16 to 0.22 is far, and they are not", () => {
  const far = farScores([0.16, 0.2, 0.17, 1.7, 0.22, 0.19]);
  assert.equal(
    far.map(({ index, score }) => [index, score]),
    [[3, 1.7]],
  );
  assert.match(far[0]!.reason, "0.160 to 0.220");
});

test("scores of one distribution are hardly ever far, however it leans", () => {
  const random = createRandom(8);
  let far = 0;
  for (let run = 0; run < 2_000; run += 1) {
    const count = 4 + random.int(60);
    // Log-normal: some good parts are twice as odd as the middle one.
    const scores = Array.from({ length: count }, () => 0.3 * Math.exp(0.3 * random.normal()));
    far += farScores(scores).length;
  }
  assert.ok(far <= 4, `${far} of 2000 sets`);
});

test("where every third part is different, none is a stray; a few scores say nothing", () => {
  assert.equal(farScores([0.1, 0.1, 3, 0.1, 0.1, 3]), []);
  assert.equal(farScores([0.1, 0.1, 3]), []);
  assert.equal(farScores([]), []);
});

test("a stray's own score never hides it", () => {
  const usual = fc.array(fc.double({ min: 0.2, max: 0.3, noNaN: true }), { minLength: 5, maxLength: 40 });
  fc.assert(
    fc.property(usual, fc.double({ min: 2, max: 1e6, noNaN: true }), (scores, stray) => {
      assert.equal(
        farScores([...scores, stray]).map(({ index }) => index),
        [scores.length],
      );
    }),
  );
});

test.run();
