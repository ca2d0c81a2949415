import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { partsThroughOutage } from "./outage.js";

/** The short one; `npm run faults -- --parts 60` is the long one. */
const test = suite("parts through an outage of the broker");

test("50 parts a second while the broker is away for a while: every verdict arrives, in the order of its camera", async () => {
  const report = await partsThroughOutage({ cameras: 2, partsPerSecond: 50, seconds: 5, awayAfterS: 1, awayS: 1.5 });
  console.log(JSON.stringify(report));
  const { heard, outOfOrder, contradictory, gaps, lost, replayed } = report;
  assert.equal([heard, outOfOrder, contradictory, gaps, lost], [250, 0, 0, 0, {}]);
  assert.ok(replayed > 25, "some of them waited");
});

test.run();
