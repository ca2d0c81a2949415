import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { campaign } from "./campaign.js";

const test = suite("fuzz campaign");

test("a crash, a hang, growth and a refusal without a code are found", async () => {
  for (const [kind, what] of [
    ["self-test-crash", "crashed"],
    ["self-test-hang", "hung"],
    ["self-test-growth", "grew"],
    ["self-test-code", "without a stable code"],
    ["self-test-rejection", "unhandled"],
  ] as const) {
    // One that grows on a busy machine does not hang.
    const silenceMs = kind === "self-test-hang" ? 2_000 : 60_000;
    const { findings, tried } = await campaign({ kind, seed: 1, inputs: 3, silenceMs, maxRssMb: 600 });
    assert.is(tried, 3, kind);
    assert.equal(
      findings.map(({ index }) => index),
      [1],
      `${kind}: ${JSON.stringify(findings)}`,
    );
    assert.match(findings[0]!.what, what);
  }
});

test.run();
