import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { AlertHistory } from "../../agent/history/history.js";
import { openHistory } from "../../agent/history/open.js";
import { openPublisher } from "../../agent/mqtt/publisher.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import { Witness } from "../soak/witness.js";
import { alertStep as recorded } from "../support/alert-step.js";
import { temporaryFolder } from "../support/config.js";
import { startMosquitto } from "../support/mosquitto.js";
import { alertStep, MB, partVerdict, picture, plain, testOutbox } from "../support/outbox.js";
import { startProxy } from "../support/proxy.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** A disk of 40 MB in memory that somebody else fills to the last byte. */
const test = suite("disk full");
let disk: string | null = null;
const closing: (() => Promise<unknown>)[] = [];
test.before.each(() => {
  disk = join(temporaryFolder(), "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m,mode=0700", "tmpfs", disk], { stdio: "ignore" });
  } catch (error) {
    console.log(`skipped: no small disk can be mounted here (${String(error).split("\n", 1)[0]})`);
    disk = null;
  }
});
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  if (disk !== null) execFileSync("umount", [disk]);
});

async function open(statePath: string, troubles: string[] = []): Promise<Outbox> {
  const outbox = await testOutbox({
    statePath,
    maxBytes: 512 * MB,
    tickMs: 50,
    onTrouble: ({ code }) => troubles.push(code),
    openStore: (folder, onTrouble) => openLevelStore(folder, { reserveBytes: 8 * MB, onTrouble }),
  });
  closing.push(() => outbox.close());
  return outbox;
}

const filler = (): string => join(disk!, "filler");

/** Takes all that is left. */
function fill(): void {
  for (const bytes of [1_048_576, 65_536, 4_096]) {
    try {
      for (;;) appendFileSync(filler(), Buffer.alloc(bytes, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

const free = async (): Promise<number> => {
  const { bavail, bsize } = await statfs(disk!);
  return bavail * bsize;
};

const withPicture = () => ({ evidence: picture(100_000) });

test("evidence goes first, raised alerts never; alerts are sent meanwhile; all is well once there is room again", async () => {
  if (disk === null) return;
  const broker = await startMosquitto();
  closing.push(() => broker.stop());
  const wire = await startProxy(broker.port);
  closing.push(() => wire.close());
  const witness = new Witness("retort");
  await witness.listen(broker.port);
  closing.push(() => witness.drain());
  const troubles: string[] = [];
  const outbox = await open(disk, troubles);
  wire.open = false;
  const publisher = openPublisher({ url: wire.url, prefix: "retort", agentId: "line-7", version: "0.1.0", outbox });
  closing.push(() => publisher.close());

  for (let n = 0; n < 60; n += 1) await outbox.add(alertStep(), withPicture());
  assert.equal([outbox.health().evidence, outbox.health().full], [60, false]);
  fill();
  assert.ok((await free()) < 4_096);
  for (let n = 0; n < 20; n += 1) await outbox.add(alertStep(), withPicture());
  await until(() => (outbox.health().lost["evidence-disk"] ?? 0) > 0, "evidence makes room");
  assert.ok(troubles.includes("STORE_FULL"));
  assert.equal([outbox.health().depth, outbox.health().gaps], [80, []], "and no alert");

  // Whoever fills the disk takes what was given up, too, until nothing is left to give.
  for (let n = 0; outbox.health().undurable === 0; n += 1) {
    assert.ok(n < 2_000, "never so full that an alert does not fit");
    fill();
    await outbox.add(alertStep({ phase: n % 2 === 0 ? "raised" : "cleared" }), withPicture());
  }
  const worst = outbox.health();
  assert.equal([worst.full, worst.evidence, worst.gaps], [true, 0, []]);
  const durable = worst.depth - worst.undurable;
  assert.ok(durable >= 80);

  wire.open = true;
  await until(() => witness.testimony("line-7").alerts === outbox.last(), "every alert is sent all the same", 10_000);
  for (let n = 0; n < 5; n += 1) await outbox.add(alertStep(), plain);
  await until(() => witness.testimony("line-7").alerts === outbox.last(), "live ones, too");
  assert.equal([witness.testimony("line-7").missing, witness.testimony("line-7").outOfOrder], [[], 0]);

  wire.open = false;
  wire.cut();
  for (let n = 0; n < 5; n += 1) await outbox.add(alertStep(), plain);
  assert.ok(outbox.health().undurable >= 5);
  rmSync(filler());
  const freedMs = performance.now();
  await until(() => !outbox.health().full && outbox.health().undurable === 0, "room again", 10_000);
  console.log(`recovered ${Math.round(performance.now() - freedMs)} ms after the space came back`);
  await outbox.add(alertStep(), withPicture());
  assert.is(outbox.health().evidence, 1);
  const last = outbox.last();
  await publisher.close();
  await outbox.close();

  const again = await open(disk, troubles);
  const waiting = (await again.alerts(0, 10_000)).map(({ seq }) => seq);
  assert.is(again.last(), last);
  assert.equal(
    waiting.slice(-6),
    [5, 4, 3, 2, 1, 0].map((back) => last - back),
    "they are on disk now",
  );
  assert.not(troubles.includes("STORE_DAMAGED"));
});

test("verdicts go on being sent, in order; each that is missing was given up before any alert, and is named as a gap", async () => {
  if (disk === null) return;
  const broker = await startMosquitto();
  closing.push(() => broker.stop());
  const wire = await startProxy(broker.port);
  closing.push(() => wire.close());
  const witness = new Witness("retort");
  await witness.listen(broker.port);
  closing.push(() => witness.drain());
  const outbox = await open(disk);
  wire.open = false;
  const publisher = openPublisher({ url: wire.url, prefix: "retort", agentId: "line-7", version: "0.1.0", outbox });
  closing.push(() => publisher.close());
  let verdicts = 0;
  const judge = async (count: number): Promise<void> => {
    verdicts += count;
    await Promise.all(Array.from({ length: count }, () => outbox.addVerdict(partVerdict())));
  };

  await judge(500);
  await outbox.add(alertStep(), withPicture());
  fill();
  for (let n = 0; outbox.health().undurable === 0; n += 1) {
    assert.ok(n < 2_000, "never so full that a verdict does not fit");
    fill();
    await judge(20);
    await outbox.add(alertStep(), withPicture());
  }
  wire.open = true;
  const isAccounted = (): boolean => {
    const { highest = 0, missing = [] } = witness.testimony("line-7").verdicts.cam1 ?? {};
    return highest === verdicts && witness.testimony("line-7").alerts === outbox.last() && missing.every(isGap);
  };
  const isGap = (seq: number): boolean =>
    outbox.health().gaps.some(({ from, to, camera }) => camera === "cam1" && from <= seq && seq <= to);
  await until(isAccounted, "every verdict is sent, or known to be given up", 10_000);
  rmSync(filler());
  await until(() => !outbox.health().full && outbox.health().undurable === 0, "room again", 10_000);
  await judge(5);
  await until(isAccounted, "live ones, too", 10_000);
  const { outOfOrder, contradictory } = witness.testimony("line-7").verdicts.cam1!;
  assert.equal([outOfOrder, contradictory, witness.testimony("line-7").missing], [0, [], []]);
  assert.equal(
    Object.keys(outbox.health().lost).filter((reason) => reason.startsWith("alert")),
    [],
  );
});

test("an agent that starts on a full disk has all that waits, and takes more alerts", async () => {
  if (disk === null) return;
  const first = await open(disk);
  for (let n = 0; n < 30; n += 1) await first.add(alertStep(), withPicture());
  await first.close();
  fill();
  const second = await open(disk);
  assert.is(second.health().depth, 30);
  await second.add(alertStep(), plain);
  assert.equal([second.last(), second.health().undurable], [31, 0], "by its reserve");
  assert.equal((await second.alerts(0, 100)).length, 31);
});

test("an agent that starts where not a byte is left has all that waits, sends it and what is new, and is well once there is room", async () => {
  if (disk === null) return;
  const first = await open(disk);
  for (let n = 0; n < 30; n += 1) await first.add(alertStep(), withPicture());
  for (let n = 0; first.health().undurable === 0; n += 1) {
    assert.ok(n < 2_000, "never so full that an alert does not fit");
    fill();
    await first.add(alertStep(), plain);
  }
  const { depth, undurable } = first.health();
  const last = first.last();
  await first.close();
  fill();
  assert.ok((await free()) < 4_096);

  const troubles: string[] = [];
  const second = await open(disk, troubles);
  assert.equal([second.health().full, second.health().depth], [true, depth - undurable]);
  assert.ok(troubles.includes("STORE_FULL"));
  assert.equal(second.health().gaps, [{ from: last - undurable + 1, to: last, reason: "alert-unkept" }]);
  await second.add(alertStep(), plain);
  assert.equal([second.last(), second.health().undurable], [last + 1, 1]);
  const waiting = async (outbox: Outbox) => (await outbox.alerts(0, 10_000)).map(({ seq }) => seq);
  const all = [...Array.from({ length: last - undurable }, (_, index) => index + 1), last + 1];
  assert.equal(await waiting(second), all, "in their order");

  rmSync(filler());
  await until(() => !second.health().full && second.health().undurable === 0, "room again", 10_000);
  await second.close();
  const third = await open(disk, troubles);
  assert.equal(await waiting(third), all, "they are on disk now");
  assert.not(troubles.includes("STORE_DAMAGED"));
});

test("the list of earlier alerts is whole on a full disk, and on disk again once there is room", async () => {
  if (disk === null) return;
  const troubles: string[] = [];
  const open = (statePath: string) =>
    openHistory({
      ...{ statePath, maxAlerts: 10_000, maxAgeMs: 86_400_000, ageMs: () => 0 },
      onTrouble: ({ code }) => troubles.push(code),
    });
  let last = 0;
  const record = (history: AlertHistory): void => {
    last += 1;
    history.record(recorded(last, last, last));
  };
  const count = (history: AlertHistory) => history.list({ limit: 10_000 }).length;
  const before = await open(disk);
  while (last < 100) record(before);
  await before.close();
  fill();
  const history = await open(disk);
  closing.push(() => history.close());
  assert.is(count(history), 100, "what was there is read");
  while (!troubles.includes("HISTORY_TROUBLE")) {
    assert.ok(last < 5_000, "never so full that a step does not fit");
    record(history);
    await sleep(1);
  }
  record(history);
  assert.is(count(history), last);
  rmSync(filler());
  record(history);
  // As a kill would leave it.
  const left = async (): Promise<number> => {
    const copy = temporaryFolder();
    cpSync(join(disk!, "history"), join(copy, "history"), { recursive: true });
    const found = await open(copy);
    await found.close();
    return count(found);
  };
  for (let tries = 0; (await left()) < last; tries += 1) {
    assert.ok(tries < 20, "never on disk again");
    await sleep(100);
  }
});

test.run();
