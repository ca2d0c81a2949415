import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
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

test("what it is asked wrongly, or with a wrong binding or model, is told in a line, with status 2", () => {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const ask = (args: readonly string[], binding = "") => {
    const env = { ...process.env, RETORT_ORT_BINDING: binding };
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env });
    assert.equal([status, stderr.trim().split("\n").length], [2, 1], stderr);
    return stderr;
  };
  assert.match(ask(["--fast"]), "--rounds N");
  assert.match(ask(["--seconds", "Infinity"]), "up to 600");
  assert.match(ask(["--model", "/no such/model"]), "BUNDLE_UNREADABLE");
  assert.match(ask([], "/etc/passwd"), "BINDING_UNUSABLE");
});

test.run();
