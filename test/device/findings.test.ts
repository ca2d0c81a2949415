import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { type Finding, lineOf, statusOf, verdictOf } from "./findings.js";

const test = suite("findings about a machine");
const held: Finding = { kind: "held", what: "cpu opens", said: "in 0.4 s" };
const lacks: Finding = { kind: "lacks", what: "cuda opens", said: "no library" };
const broken: Finding = { kind: "broken", what: "tensorrt opens", said: "no library" };

test("what was not run is never told as held: the status is another one, and the end names it", () => {
  assert.is(statusOf([held]), 0);
  assert.is(statusOf([held, lacks]), 3);
  assert.is(statusOf([lacks, broken, held]), 1);
  assert.match(verdictOf([held, lacks]), /what was run holds \(cpu opens\).*not run.*: cuda opens/);
  assert.match(verdictOf([held, broken]), "does not hold: tensorrt opens");
  assert.match(lineOf(broken), /^BROKEN +tensorrt opens +no library$/);
});

test.run();
