import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { stormOfKills } from "./kills.js";

/** The short one; `npm run faults -- --kills 100` is the long one. */
const test = suite("kills in an alert storm");

test("agent and broker killed at random: no seq is missing, none means two alerts, the order is kept", async () => {
  const report = await stormOfKills({ kills: 6, seed: Date.now() % 100_000, lifeMs: 900 });
  console.log(JSON.stringify(report));
  const { missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, lost } = report;
  assert.equal([missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, lost], [[], 0, [], 0, 0, {}]);
  assert.ok(report.alerts >= report.kept && report.kept > 100, "all that was kept came, and it was a storm");
  assert.equal([report.kills, report.brokerKills], [6, 2]);
});

test.run();
