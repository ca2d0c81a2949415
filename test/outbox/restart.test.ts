import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import type { CodedError } from "../../errors.js";
import { temporaryFolder } from "../support/config.js";
import { alertStep, picture, plain, testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** An outbox opened again, on what a stop, a kill or a bad disk left of it. */
const test = suite("outbox after a restart");
const open_: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of open_.splice(0)) await outbox.close();
});

async function open(statePath: string, troubles: string[] = [], wallMs: () => number = Date.now): Promise<Outbox> {
  const outbox = await testOutbox({
    statePath,
    wallMs,
    onTrouble: ({ code }) => troubles.push(code),
    openStore: (folder, onTrouble) => openLevelStore(folder, { reserveBytes: 0, onTrouble }),
  });
  open_.push(outbox);
  return outbox;
}

async function seqs(outbox: Outbox): Promise<number[]> {
  return (await outbox.alerts(0, 1_000)).map(({ seq }) => seq);
}

/** A state directory as a kill would leave it after so many alerts: a copy while the outbox is open. */
async function killedAfter(count: number): Promise<string> {
  const alive = temporaryFolder();
  const outbox = await open(alive);
  for (let n = 0; n < count; n += 1) await outbox.add(alertStep(), { evidence: picture(3_000) });
  return asKilled(alive);
}

/** A copy of a state directory in use: what a kill would leave. */
function asKilled(alive: string): string {
  const killed = temporaryFolder();
  cpSync(alive, killed, { recursive: true });
  return killed;
}

test("what waited for its picture at the kill is added without, once; what had it by then is not added again", async () => {
  const alive = temporaryFolder();
  const outbox = await open(alive);
  assert.is(await outbox.recover(), 0);
  const [late, soon] = [
    alertStep({ phase: "cleared", camera: "late", calibration: "by hand" }),
    alertStep({ phase: "cleared", camera: "soon" }),
  ];
  const waiting = outbox.announce(late);
  const announced = outbox.announce(soon);
  await outbox.add(soon, { evidence: picture(1_000), announced });
  const killed = asKilled(alive);

  const second = await open(killed);
  assert.is(await second.recover(), 1);
  const alerts = (await second.alerts(0, 10)).map(({ payload }) => payload);
  assert.equal(
    alerts.map(({ seq, id, calibration, evidence }) => [seq, id, calibration, evidence === null]),
    [
      [1, soon.id, null, false],
      [2, late.id, "by hand", true],
    ],
  );
  assert.is(await (await open(asKilled(killed))).recover(), 0, "it is an alert like others now");

  await outbox.add(late, { evidence: picture(1_000), announced: waiting });
  assert.is(await (await open(asKilled(alive))).recover(), 0);
});

test("what stood at the kill is cleared by the next life, once; what was cleared is left alone", async () => {
  const alive = temporaryFolder();
  const outbox = await open(alive);
  const [stood, over, waited] = [
    alertStep({ camera: "a", calibration: "by hand" }),
    alertStep({ camera: "b" }),
    alertStep({ camera: "c" }),
  ];
  await outbox.add(stood, plain);
  await outbox.add({ ...stood, phase: "updated", peak: 9 }, plain);
  await outbox.add({ ...stood, phase: "acknowledged", by: "kim" }, plain);
  await outbox.add(over, plain);
  await outbox.add({ ...over, phase: "cleared" }, plain);
  outbox.announce(waited);
  await outbox.add(alertStep({ phase: "cleared" }), plain);
  const killed = asKilled(alive);

  const second = await open(killed, [], () => 1_700_000_000_000);
  assert.is(await second.recover(), 3);
  const recovered = (await second.alerts(6, 10)).map(({ payload }) => payload);
  assert.equal(
    recovered.map(({ seq, id, phase, peak, calibration, ts }) => [seq, id, phase, peak, calibration, ts]),
    [
      [7, waited.id, "raised", waited.peak, null, new Date(waited.tsMs).toISOString()],
      [8, stood.id, "cleared", 9, "by hand", "2023-11-14T22:13:20.000Z"],
      [9, waited.id, "cleared", waited.peak, null, "2023-11-14T22:13:20.000Z"],
    ],
  );
  assert.is(await (await open(asKilled(killed))).recover(), 0);
});

test("what was announced and not added at the stop is added in the next life, and not counted as lost", async () => {
  const statePath = temporaryFolder();
  const outbox = await open(statePath);
  const announced = outbox.announce(alertStep({ phase: "cleared" }));
  await outbox.close();
  await outbox.add(alertStep(), { ...plain, announced });
  assert.equal(outbox.health().lost, {});
  const second = await open(statePath);
  assert.is(await second.recover(), 1);
  assert.equal(await seqs(second), [1]);
});

test("what waited waits again, with its evidence, and numbers go on", async () => {
  const statePath = temporaryFolder();
  const first = await open(statePath);
  for (let n = 0; n < 5; n += 1) await first.add(alertStep(), { evidence: picture(1_000) });
  const [one, two] = await first.alerts(0, 2);
  first.delivered(one!);
  first.delivered(two!);
  await first.close();
  const second = await open(statePath);
  const { depth, evidence, lost } = second.health();
  assert.equal([depth, evidence, lost], [3, 5, {}]);
  assert.equal(await seqs(second), [3, 4, 5]);
  assert.is((await second.evidence(0, 6))!.seq, 1);
  await second.add(alertStep(), plain);
  assert.is(second.last(), 6);
});

test("a kill loses nothing and repeats no number", async () => {
  const killed = await killedAfter(20);
  const troubles: string[] = [];
  const outbox = await open(killed, troubles);
  await outbox.add(alertStep(), plain);
  assert.equal((await seqs(outbox)).length, 21);
  assert.equal([outbox.last(), outbox.health().evidence, troubles], [21, 20, []]);
});

test("the number of version 0.1 is taken over", async () => {
  const statePath = temporaryFolder();
  writeFileSync(join(statePath, "alert-seq"), "41\n");
  const troubles: string[] = [];
  const outbox = await open(statePath, troubles);
  await outbox.add(alertStep(), plain);
  assert.equal([await seqs(outbox), troubles, outbox.health().gaps], [[42], [], []]);
  await outbox.close();
  assert.is((await open(statePath)).last(), 42);
});

test("a store that is gone does not make numbers start again, and it is reported", async () => {
  const killed = await killedAfter(7);
  rmSync(join(killed, "outbox"), { recursive: true });
  const troubles: string[] = [];
  const outbox = await open(killed, troubles);
  await outbox.add(alertStep(), plain);
  assert.equal([await seqs(outbox), troubles], [[8], ["OUTBOX_LOST"]]);
});

test("a lost or damaged number beside the store is made up for by the store", async () => {
  for (const breakIt of [
    (file: string) => rmSync(file),
    (file: string) => writeFileSync(file, "12x"),
    (file: string) => writeFileSync(file, ""),
    (file: string) => writeFileSync(file, readFileSync(file, "latin1").replace(/\d{16}/, "0000000000000003"), "latin1"),
  ]) {
    const killed = await killedAfter(5);
    breakIt(join(killed, "alert-seq"));
    const outbox = await open(killed);
    await outbox.add(alertStep(), plain);
    assert.equal([outbox.last(), outbox.health().depth], [6, 6]);
  }
});

test("with neither store nor number to go by, the agent does not count from 1", async () => {
  const statePath = temporaryFolder();
  writeFileSync(join(statePath, "alert-seq"), "12x");
  const code = await open(statePath).then(
    () => "opened",
    (error: CodedError) => error.code,
  );
  assert.is(code, "STATE_UNREADABLE");
});

test("numbers that were given out and never got to disk are reported as a gap, and not used again", async () => {
  const killed = await killedAfter(5);
  const later = await killedAfter(9);
  cpSync(join(later, "alert-seq"), join(killed, "alert-seq"));
  const outbox = await open(killed);
  await outbox.add(alertStep(), plain);
  assert.equal(await seqs(outbox), [1, 2, 3, 4, 5, 10]);
  assert.equal(outbox.health().gaps, [{ from: 6, to: 9, reason: "alert-unkept" }]);
  await outbox.close();
  assert.equal((await open(killed)).health().gaps, [{ from: 6, to: 9, reason: "alert-unkept" }], "until it is read");
});

test("after an older copy was put back, a number that was written by hand is gone on from", async () => {
  const killed = await killedAfter(5);
  writeFileSync(join(killed, "alert-seq"), "4711\n");
  const outbox = await open(killed);
  await outbox.add(alertStep(), plain);
  assert.equal(await seqs(outbox), [1, 2, 3, 4, 5, 4712]);
  assert.equal(outbox.health().gaps, [{ from: 6, to: 4711, reason: "alert-unkept" }]);
});

test("alerts that a bad disk destroyed are reported as a gap; all others are there", async () => {
  const killed = await killedAfter(30);
  const log = join(killed, "outbox", "000003.log");
  const bytes = readFileSync(log);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(log, bytes);
  const troubles: string[] = [];
  const outbox = await open(killed, troubles);
  const { lost, gaps, damage } = outbox.health();
  const missing = gaps.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, n) => from + n));
  assert.ok(troubles.includes("STORE_DAMAGED"));
  assert.is(damage.length, 1);
  assert.is(missing.length, lost["alert-damaged"]);
  assert.equal(
    [...(await seqs(outbox)), ...missing].sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, n) => n + 1),
  );
});

test("an alert that is found unreadable on the way out is reported, and holds up none", async () => {
  const statePath = temporaryFolder();
  const outbox = await open(statePath);
  for (let n = 0; n < 3; n += 1) await outbox.add(alertStep(), plain);
  await outbox.close();
  // Written without its seal, as a broken memory would.
  const { ClassicLevel } = await import("classic-level");
  const level = new ClassicLevel(join(statePath, "outbox"), { compression: false });
  await level.put("a/0000000000000002", "nonsense");
  await level.close();
  const again = await open(statePath);
  const alerts = await again.alerts(0, 10);
  assert.equal(
    alerts.map(({ seq }) => seq),
    [1, 3],
  );
  for (const alert of alerts) again.delivered(alert);
  await until(() => again.health().depth === 1, "two are delivered");
  // As the sender does, whenever it looks for more.
  const looking = setInterval(() => void again.alerts(3, 10), 5);
  await until(() => again.health().depth === 0, "the account is put right").finally(() => clearInterval(looking));
  assert.equal(again.health().gaps, [{ from: 2, to: 2, reason: "alert-damaged" }]);
});

test("years between two runs make nothing old", async () => {
  const statePath = temporaryFolder();
  const first = await open(statePath);
  await first.add(alertStep(), plain);
  await first.close();
  const second = await open(statePath, [], () => Date.now() + 20 * 365 * 86_400_000);
  await second.add(alertStep(), plain);
  assert.equal(await seqs(second), [1, 2]);
  assert.ok(second.health().ageMs > 19 * 365 * 86_400_000, "though its age is reported");
});

test.run();
