import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import type { WaitingEvidence } from "../../agent/contract/alert-queue.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import { temporaryFolder } from "../support/config.js";
import { alertStep, MB, plain, testOutbox } from "../support/outbox.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** State directories that earlier versions left, each a fixture that says by which code it was written. */
const test = suite("outboxes of earlier versions");
const open_: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of open_.splice(0)) await outbox.close();
});

interface Clock {
  readonly maxAgeMs?: number;
  readonly monotonicMs?: () => number;
  readonly tickMs?: number;
}

/** Of test/fixtures/outbox-v1/make.mjs, which kills it in its third life. */
async function openV1(clock: Clock = {}, troubles: string[] = []): Promise<Outbox> {
  const statePath = temporaryFolder();
  const fixture = fileURLToPath(new URL("../../../test/fixtures/outbox-v1", import.meta.url));
  for (const name of ["alert-seq", "outbox"]) {
    cpSync(join(fixture, name), join(statePath, name), { recursive: true });
  }
  const outbox = await testOutbox({
    statePath,
    maxBytes: MB,
    wallMs: () => Date.parse("2026-03-02T08:00:00.000Z"),
    onTrouble: ({ code }) => troubles.push(code),
    openStore: (folder, onTrouble) => openLevelStore(folder, { reserveBytes: 0, onTrouble }),
    ...clock,
  });
  open_.push(outbox);
  return outbox;
}

const idOf = (n: number): string => `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;

test("every alert that waited is sent, as it was written, in its order and under its number", async () => {
  const troubles: string[] = [];
  const outbox = await openV1({}, troubles);
  const alerts = (await outbox.alerts(0, 100)).map(({ payload }) => payload);
  const byHand = "by hand";
  const goodMax = "good-max x 1.1, 40 images";
  assert.equal(
    alerts.map(({ seq, id, phase, calibration }) => [seq, id, phase, calibration]),
    [
      [5, idOf(5), "cleared", null],
      [7, idOf(7), "raised", byHand],
      [8, idOf(7), "cleared", byHand],
      [9, idOf(9), "raised", goodMax],
      [10, idOf(9), "updated", goodMax],
      [11, idOf(9), "acknowledged", null],
      [12, idOf(12), "raised", null],
      [13, idOf(13), "shelved", null],
    ],
  );
  assert.equal(
    alerts.flatMap((alert) => schemaFaults("alert", alert)),
    [],
  );
  const rest = alerts.map(({ context, by, flood, suppressed, peak }) => ({ context, by, flood, suppressed, peak }));
  assert.equal(rest[2]!.context, { part: "A-1" });
  assert.equal([rest[4]!.peak, rest[5]!.by, rest[6]!.flood, rest[7]!.suppressed], [9, "kim", { alerts: 5 }, 2]);
  assert.equal(troubles, []);
});

test("every picture that waited is there to the last byte, the one of an alert that was delivered before included", async () => {
  const outbox = await openV1();
  const found: WaitingEvidence[] = [];
  for (let after = 0; ; after = found.at(-1)!.seq) {
    const evidence = await outbox.evidence(after, 100);
    if (evidence === null) break;
    found.push(evidence);
  }
  assert.equal(
    found.map(({ seq, topic }) => [seq, topic]),
    [6, 7, 9].map((n) => [n, `cam1/evidence/${idOf(n)}`]),
  );
  for (const { seq, jpeg } of found) {
    assert.equal(
      [...jpeg],
      [...Array(200).keys()].map((at) => (at + seq) % 256),
    );
  }
});

test("the gaps are still reported, the account holds, and numbers go on where they ended", async () => {
  const outbox = await openV1();
  const { depth, evidence, ageMs, gaps, lost, damage, undurable } = outbox.health();
  assert.equal([depth, evidence, undurable, lost, damage], [8, 3, 0, {}, []]);
  assert.equal(gaps, [
    { from: 1, to: 2, reason: "alert-room" },
    { from: 4, to: 4, reason: "alert-refused" },
  ]);
  assert.is(ageMs, 86_400_000, "of the oldest, by the wall clock");
  assert.is(outbox.last(), 13);
  await outbox.add(alertStep(), plain);
  assert.is((await outbox.alerts(13, 1))[0]!.seq, 14);
});

test("alerts that were announced are added with what they said, and what stood is cleared, once", async () => {
  const outbox = await openV1();
  assert.is(await outbox.recover(), 6);
  const adopted = (await outbox.alerts(13, 100)).map(({ payload }) => payload);
  assert.equal(
    adopted.map(({ seq, id, phase, calibration, peak }) => [seq, id, phase, calibration, peak]),
    [
      [14, idOf(14), "raised", "by hand", 1.75],
      [15, idOf(15), "cleared", null, 1.75],
      [16, idOf(6), "cleared", "by hand", 1.75],
      [17, idOf(9), "cleared", "good-max x 1.1, 40 images", 9],
      [18, idOf(12), "cleared", null, 1.75],
      [19, idOf(14), "cleared", "by hand", 1.75],
    ],
  );
  assert.equal(
    adopted.flatMap((alert) => schemaFaults("alert", alert)),
    [],
  );
});

test("their age goes on from the time that the earlier version ran", async () => {
  // It had run for two minutes; what it wrote in the first one is over the age, by none of this run's time.
  const outbox = await openV1({ maxAgeMs: 90_000, monotonicMs: () => 0, tickMs: 5 });
  await until(() => outbox.health().lost["alert-age"] !== undefined, "the oldest are given up");
  assert.equal(outbox.health().lost, { "alert-age": 2, "evidence-age": 2 });
  assert.equal([outbox.health().depth, outbox.health().evidence], [6, 1]);
});

test.run();
