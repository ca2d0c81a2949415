import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { type KillsReport, stormOfKills } from "./kills.js";
import { agentVictim, outboxVictim } from "./victims.js";

/** The short one; `npm run faults -- --kills 100` is the long one. */
const test = suite("kills in an alert storm");

function assertNothingLost(report: KillsReport): void {
  console.log(JSON.stringify(report));
  const { missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, lost } = report;
  assert.equal([missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, lost], [[], 0, [], 0, 0, {}]);
  assert.ok(report.alerts >= report.kept, "all that was kept came");
  assert.ok(report.standing <= 1, "what stood at a kill was cleared by the next life");
}

test("outbox and broker killed at random: no seq is missing, none means two alerts, the order is kept", async () => {
  const seed = Date.now() % 100_000;
  const report = await stormOfKills({ victim: outboxVictim, kills: 6, seed, lifeMs: 900 });
  assertNothingLost(report);
  assert.ok(report.kept > 100, "it was a storm");
  assert.equal([report.kills, report.brokerKills], [6, 2]);
});

test("the whole agent and its broker, too", async () => {
  const report = await stormOfKills({ victim: agentVictim, kills: 3, seed: Date.now() % 100_000, lifeMs: 900 });
  assertNothingLost(report);
  assert.equal([report.kills, report.brokerKills], [3, 1]);
});

test.run();
