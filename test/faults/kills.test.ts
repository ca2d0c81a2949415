import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { faultsOf, type KillsReport, stormOfKills } from "./kills.js";
import { agentVictim, outboxVictim } from "./victims.js";

/** The short one; `npm run faults -- --kills 100` is the long one. */
const test = suite("kills in an alert storm");

function assertNothingLost(report: KillsReport): void {
  console.log(JSON.stringify(report));
  assert.equal(faultsOf(report), []);
}

test("outbox and broker killed at random: no seq of alerts or of a camera's verdicts is missing, none means two, the order is kept", async () => {
  const seed = Date.now() % 100_000;
  const report = await stormOfKills({ victim: outboxVictim, kills: 6, seed, lifeMs: 900 });
  assertNothingLost(report);
  assert.ok(report.kept.alerts > 100 && report.kept.verdicts.cam2! > 100, "it was a storm");
  assert.equal([report.kills, report.brokerKills], [6, 2]);
});

test("the whole agent and its broker, too", async () => {
  const report = await stormOfKills({ victim: agentVictim, kills: 3, seed: Date.now() % 100_000, lifeMs: 900 });
  assertNothingLost(report);
  assert.equal([report.kills, report.brokerKills], [3, 1]);
});

test.run();
