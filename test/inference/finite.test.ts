import * as assert from "uvu/assert";
import { allFinite } from "../../agent/inference/finite.js";
import { suite } from "../support/suite.js";

const test = suite("finite maps");

test("one value that is not finite is noticed wherever it is", () => {
  for (let length = 1; length <= 9; length += 1) {
    for (let at = 0; at < length; at += 1) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const map = new Float32Array(length).fill(0.5);
        map[at] = value;
        assert.not(allFinite(map), `${value} at ${at} of ${length}`);
      }
    }
  }
});

test("the largest, the smallest and negative numbers are finite", () => {
  assert.ok(allFinite(Float32Array.of(3.4e38, -3.4e38, 1.4e-45, -0, 0, 1)));
  assert.ok(allFinite(new Float32Array(0)));
});

test.run();
