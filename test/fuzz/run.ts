/**
 * `npm run fuzz -- [--inputs N] [--kind K] [--seed S] [--from I]`: hostile input against the agent's ways in. Ends with 1 when one
 * of them crashed, hung, grew, was slow, or was refused without a code. A finding is had again by its seed and index:
 * `--kind K --seed S --from I --inputs 1`.
 */
import { parseArgs } from "node:util";
import { campaign } from "./campaign.js";
import { kinds } from "./kinds/index.js";
import { report, tooMuchGrowth } from "./report.js";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "100000" },
    kind: { type: "string", multiple: true, default: Object.keys(kinds) },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});
const [inputs, seed, from] = [values.inputs, values.seed, values.from].map(Number) as [number, number, number];
const unknown = values.kind.filter((kind) => kinds[kind] === undefined);
if (unknown.length > 0 || ![inputs, seed, from].every(Number.isSafeInteger)) {
  console.error(`usage: npm run fuzz -- [--inputs N] [--kind ${Object.keys(kinds).join("|")}] [--seed S] [--from I]`);
  process.exit(2);
}
let failed = false;
for (const kind of values.kind) {
  const onProgress = (tried: number) => process.stderr.write(`\r${kind} ${tried} of ${inputs} `);
  const result = await campaign({ kind, seed, inputs, from, onProgress });
  process.stderr.write("\r");
  console.log(report(result));
  failed ||= result.findings.length > 0 || tooMuchGrowth(result);
}
process.exitCode = failed ? 1 : 0;
