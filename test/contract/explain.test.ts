import { readdirSync } from "node:fs";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { openValidator } from "../../agent/contract/validator.js";
import { schemaFolder } from "../support/schemas.js";
import { suite } from "../support/suite.js";

const test = suite("what is wrong with a payload, in words");
const validate = openValidator();
const faults = (command: string, args: object) => validate(`command-${command}`, { id: "1", ...args });

test("one sentence says where, what stands there, what may, and how to mend it", () => {
  assert.equal(faults("threshold", { camera: "c", threshold: "0.9" }), [
    '"threshold" is "0.9" and must be a number above 0, "model" or null: send it without quotation marks',
  ]);
  assert.equal(faults("threshold", { camera: "c", threshold: "low" }), [
    '"threshold" is "low" and must be a number above 0, "model" or null',
  ]);
  assert.equal(faults("status", { selfTest: "true" }), [
    '"selfTest" is "true" and must be true or false: send it without quotation marks',
  ]);
  assert.equal(faults("feedback", { alert: "a", verdict: "maybe" }), [
    '"verdict" is "maybe" and must be "defect" or "not_a_defect"',
  ]);
  assert.equal(faults("calibrate", { camera: 7, frames: 1.5 }), [
    '"camera" is 7 and must be a text of 1 to 200 characters',
    '"frames" is 1.5 and must be a whole number from 20 to 1000',
  ]);
  assert.equal(validate("context", { part: {} }), ['"part" is {} and must be a text, a number or null']);
});

test("what is missing, unknown, or one too many is named", () => {
  assert.equal(faults("enable", {}), ['"camera" is missing: A camera\'s id']);
  assert.equal(faults("enable", { camera: "c", camrea: "c" }), [
    '"camrea" is not known here; known are "v", "id", "camera", "enabled" and "by"',
  ]);
  for (const args of [{}, { alert: "a", camera: "c" }]) {
    assert.equal(faults("shelve", { minutes: 1, ...args }), ['give exactly one of "alert" or "camera"']);
  }
});

test("whatever comes, each place has one sentence, of a bounded length, without a hole in it", () => {
  const schemas = readdirSync(schemaFolder).flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -5)] : []));
  const names = fc.constantFrom(
    "id",
    "camera",
    "threshold",
    "minutes",
    "alert",
    "frames",
    "model",
    "regions",
    "part",
    "x",
  );
  fc.assert(
    fc.property(fc.constantFrom(...schemas), fc.dictionary(names, fc.jsonValue()), (schema, payload) => {
      const sentences = validate(schema, payload)!;
      assert.is(new Set(sentences).size, sentences.length);
      for (const sentence of sentences) {
        assert.not.match(sentence, /undefined|\[object|null and must be null|^\s*$|must be $/);
        assert.ok(sentence.length < 600, sentence);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.run();
