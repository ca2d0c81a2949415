/** What kills.ts kills: an outbox and a publisher in a storm of alerts and verdicts. Arguments: the state directory, the broker's address. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { openPublisher } from "../../agent/mqtt/publisher.js";
import { openOutbox } from "../../agent/outbox/open.js";
import { alertStep, MB, partVerdict } from "../support/outbox.js";

const [statePath = "", url = "", gapMs = "2"] = process.argv.slice(2);
const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const base = "retort/storm";
let storming = true;
process.once("SIGTERM", () => {
  storming = false;
});
const beganMs = performance.now();
const outbox = await openOutbox({
  statePath,
  base,
  cameras: ["cam1", "cam2"],
  maxBytes: 512 * MB,
  maxAgeMs: 86_400_000,
  onTrouble: ({ code, message }) => tell({ trouble: code, message }),
});
tell({ openMs: performance.now() - beganMs });
await outbox.recover();
const publisher = openPublisher({
  url,
  prefix: "retort",
  agentId: "storm",
  version: "0.1.0",
  outbox,
  ackTimeoutMs: 5_000,
});

let id = "";
for (let n = 0; storming; n += 1) {
  if (n % 3 === 0) id = uuidv7();
  const phase = n % 3 === 0 ? "raised" : n % 3 === 1 ? "updated" : "cleared";
  const jpeg = new Uint8Array(4_000 + ((n * 997) % 20_000)).fill(n % 256);
  const sha256 = createHash("sha256").update(jpeg).digest("hex");
  const evidence = n % 9 === 0 ? { jpeg, sha256 } : null;
  const step = alertStep({ id, phase });
  const announced = evidence === null ? null : outbox.announce(step);
  if (announced !== null) await sleep(Number(gapMs));
  void outbox.add(step, { evidence, announced }).then(() => tell({ kept: outbox.last() }));
  for (const camera of ["cam1", "cam1", "cam2"]) {
    const isPictured = n % 7 === 0;
    void outbox.addVerdict(partVerdict({ camera, part: n }), isPictured).then((verdict) => {
      tell({ camera, verdict: verdict?.payload.seq });
      if (verdict !== null && isPictured) void outbox.addPicture(verdict, { jpeg, sha256 });
    });
  }
  await sleep(Number(gapMs));
}
// Asked to stop: everything is to arrive first.
const waiting = (): number => {
  const { depth, verdicts, evidence } = outbox.health();
  return depth + verdicts + evidence;
};
while (waiting() > 0) await sleep(20);
tell({ done: outbox.last(), ...outbox.health() });
await publisher.close();
await outbox.close();
