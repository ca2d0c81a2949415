import * as assert from "uvu/assert";
import { campaign } from "../fuzz/campaign.js";
import { report, tooMuchGrowth } from "../fuzz/report.js";
import { suite } from "../support/suite.js";

/** The same inputs each time; `npm run fuzz` tries as many others as it is told. */
export function hostileInput(kind: string, inputs: number): void {
  const test = suite(`hostile ${kind}`);

  test("no crash, no hang, no growth, a code for each refusal", async () => {
    const result = await campaign({ kind, seed: 20_250_101, inputs });
    assert.equal([result.findings.length, tooMuchGrowth(result)], [0, false], report(result));
    assert.is(result.tried, inputs);
    assert.ok(result.verdicts.get("taken")! > 0, "some get through, so that what lies behind is tried, too");
  });

  test.run();
}
