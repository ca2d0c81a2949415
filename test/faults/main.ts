/**
 * `npm run faults -- --kills 100 [--seed N] [--outbox]`: kills of a whole agent, or of its outbox and publisher alone, which see
 * many more alerts, for as long as it takes; and what the witness says. `--parts SECONDS` instead: 50 parts a second through an outage.
 */
import { parseArgs } from "node:util";
import { faultsOf, stormOfKills } from "./kills.js";
import { partsThroughOutage } from "./outage.js";
import { agentVictim, outboxVictim } from "./victims.js";

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    seed: { type: "string" },
    outbox: { type: "boolean" },
    parts: { type: "string" },
  },
});
if (values.parts !== undefined) {
  const seconds = Number(values.parts);
  const report = await partsThroughOutage({
    cameras: 4,
    partsPerSecond: 50,
    seconds,
    awayAfterS: seconds / 3,
    awayS: seconds / 6,
  });
  console.log(JSON.stringify(report, null, 2));
  const { parts, heard, outOfOrder, contradictory, gaps, lost } = report;
  const isWhole = heard === parts && outOfOrder + contradictory + gaps + Object.keys(lost).length === 0;
  process.exit(isWhole ? 0 : 1);
}
const kills = Number(values.kills ?? 100);
const seed = Number(values.seed ?? Date.now() % 100_000);
console.log(`${kills} kills of ${values.outbox ? "the outbox" : "the agent"}, seed ${seed}`);
const report = await stormOfKills({
  victim: values.outbox ? outboxVictim : agentVictim,
  kills,
  seed,
  lifeMs: 2_000,
  onLife: (life, { alerts, repeated, missing, verdicts }) => {
    if (life % 10 !== 0) return;
    const judged = Object.entries(verdicts).map(
      ([camera, heard]) => `${heard.different} verdicts of ${camera}, ${heard.missing.length} missing`,
    );
    const all = [`${alerts} alerts, ${repeated} repeats, ${missing.length} missing`, ...judged];
    console.log(`${life} kills so far: ${all.join("; ")}`);
  },
});
console.log(JSON.stringify(report, null, 2));
const wrong = faultsOf(report);
console.log(wrong.length === 0 ? "nothing lost" : `LOST, or out of order: ${wrong.join("; ")}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
