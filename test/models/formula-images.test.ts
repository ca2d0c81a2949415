import * as assert from "uvu/assert";
import { FORMULA_CLASSES, formulaImage } from "../../models/pretrain/formula-images.js";
import { suite } from "../support/suite.js";

const test = suite("formula images");
const side = 48;

test("the same class and seed give the same picture, other seeds and classes another", () => {
  const picture = formulaImage(3, 1, side);
  assert.is(picture.length, side * side * 3);
  assert.equal(formulaImage(3, 1, side), picture);
  assert.not.equal(formulaImage(3, 2, side), picture);
  assert.not.equal(formulaImage(4, 1, side), picture);
});

test("a hundred classes and more, none of them blank", () => {
  assert.ok(FORMULA_CLASSES >= 100);
  const blank = Array.from({ length: FORMULA_CLASSES }, (_, id) => id).filter((id) => {
    const levels = formulaImage(id, 7, side);
    const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
    const variance = levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length;
    return Math.sqrt(variance) < 6;
  });
  assert.equal(blank, []);
});

test.run();
