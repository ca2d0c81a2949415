/**
 * `npm run soak -- --minutes 30`: a plant on this machine (a real Mosquitto, an RTSP camera, two agents that raise alerts without
 * end) meets one fault after the other, while an independent subscriber checks the `seq` of every alert and verdict and the agents'
 * frame accounts. Ends with 1 when one was lost (but for verdicts that health says were given up), came in another order or with two
 * contents, a frame is missing from an account, or an agent crashed. The memory is that of the agent that is never killed, by kind, after its warm-up. With `--calm` nothing goes wrong.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { faults } from "./faults.js";
import { accountsThatDoNotAddUp, verdictsGivenUp } from "./health.js";
import { MemoryRecord } from "./memory.js";
import { openSite } from "./site.js";
import { type Heard, Witness } from "./witness.js";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "30" }, calm: { type: "boolean", default: false } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error("--minutes takes a positive number");
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), "retort-soak-"));
const witness = new Witness("retort");
const { calm } = values;
const site = await openSite(folder, witness, { calm });
const began = performance.now();
const elapsedMin = () => (performance.now() - began) / 60_000;
const agents = [site.steady, site.mortal];
for (const agent of agents) agent.start();
const record = new MemoryRecord(() => site.steady.process);
await sleep(15_000);

let happened = 0;
while (elapsedMin() < minutes) {
  if (calm) {
    await sleep(60_000);
    console.log(`${elapsedMin().toFixed(1)} min`);
    continue;
  }
  const fault = faults[happened % faults.length]!;
  happened += 1;
  console.log(`${elapsedMin().toFixed(1)} min: ${fault.name}`);
  await fault.happen(site);
  // Time to recover, and for alerts to wait for each other.
  await sleep(8_000);
}

const memory = record.end();
console.log("settling");
await sleep(15_000);
// Alerts that come after a restart would show a gap if the last ones before it were lost.
for (const agent of agents) {
  const ms = await agent.end("SIGTERM");
  console.log(`${agent.id} stopped in ${Math.round(ms)} ms`);
  agent.start();
}
await sleep(15_000);
for (const agent of agents) await agent.end("SIGTERM");
await sleep(1_000);
await site.close();

const told = agents.map(({ id, lives, crashes }) => ({ agent: id, lives, crashes, ...witness.testimony(id) }));
const unbalanced = agents.flatMap(({ id }) => accountsThatDoNotAddUp(id, witness.health.get(id) ?? []));
const faultsOf = ({ missing, outOfOrder, contradictory }: Pick<Heard, "missing" | "outOfOrder" | "contradictory">) =>
  missing.length + outOfOrder + contradictory.length;
const sound = told.every(({ agent, crashes, alerts, standing, verdicts, ...ofAlerts }) => {
  // A verdict may be given up on a full disk, and never in silence.
  const given = verdictsGivenUp(witness.health.get(agent) ?? []);
  const accounted = Object.entries(verdicts).map(([camera, { missing, ...heard }]) => {
    return { ...heard, missing: missing.filter((seq) => !given.has(`${camera} ${seq}`)) };
  });
  const streams = [ofAlerts, ...accounted];
  const isBusy = alerts > 0 && streams.length > 1;
  return isBusy && standing === 0 && crashes === 0 && streams.every((stream) => faultsOf(stream) === 0);
});
console.log(
  JSON.stringify({ minutes, faults: happened, told, evidence: witness.evidence, unbalanced, memory }, null, 2),
);
const passed = sound && unbalanced.length === 0;
if (passed) await rm(folder, { recursive: true, force: true });
console.log(passed ? "lost 0" : `not sound; configurations and logs are kept in ${folder}`);
process.exit(passed ? 0 : 1);
