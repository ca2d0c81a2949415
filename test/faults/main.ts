/**
 * `npm run faults -- --kills 100 [--seed N] [--outbox]`: kills of a whole agent, or of its outbox and publisher alone, which see
 * many more alerts, for as long as it takes; and what the witness says.
 */
import { parseArgs } from "node:util";
import { stormOfKills } from "./kills.js";
import { agentVictim, outboxVictim } from "./victims.js";

const { values } = parseArgs({
  options: { kills: { type: "string" }, seed: { type: "string" }, outbox: { type: "boolean" } },
});
const kills = Number(values.kills ?? 100);
const seed = Number(values.seed ?? Date.now() % 100_000);
console.log(`${kills} kills of ${values.outbox ? "the outbox" : "the agent"}, seed ${seed}`);
const report = await stormOfKills({
  victim: values.outbox ? outboxVictim : agentVictim,
  kills,
  seed,
  lifeMs: 2_000,
  onLife: (life, { alerts, repeated, missing }) => {
    if (life % 10 === 0)
      console.log(`${life} kills: ${alerts} alerts, ${repeated} repeats, ${missing.length} missing so far`);
  },
});
console.log(JSON.stringify(report, null, 2));
const { missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, standing, alerts, kept } = report;
const wrong =
  missing.length + outOfOrder + contradictory.length + earlyEvidence + withoutEvidence + Math.max(0, standing - 1);
const lost = Object.keys(report.lost).length;
console.log(wrong + lost === 0 && alerts >= kept ? "nothing lost" : "LOST, or out of order");
process.exitCode = wrong + lost === 0 && alerts >= kept ? 0 : 1;
