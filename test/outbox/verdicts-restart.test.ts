import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { OutboxOptions } from "../../agent/outbox/open.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import { temporaryFolder } from "../support/config.js";
import { partVerdict, testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";

/** An outbox with verdicts opened again, on what a stop, a kill or a lost file left of it. */
const test = suite("verdicts after a restart");
const open_: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of open_.splice(0)) await outbox.close();
});

async function open(statePath: string, rest: Partial<OutboxOptions> = {}): Promise<Outbox> {
  const outbox = await testOutbox({
    statePath,
    openStore: (folder, onTrouble) => openLevelStore(folder, { reserveBytes: 0, onTrouble }),
    ...rest,
  });
  open_.push(outbox);
  return outbox;
}

async function add(outbox: Outbox, count: number, camera = "cam1"): Promise<void> {
  for (let n = 0; n < count; n += 1) await outbox.addVerdict(partVerdict({ camera }));
}

async function waiting(outbox: Outbox): Promise<string[]> {
  return (await outbox.verdicts(0, 1_000)).map(({ payload }) => `${payload.camera} ${payload.seq}`);
}

/** A copy of a state directory in use: what a kill would leave. */
function asKilled(alive: string): string {
  const killed = temporaryFolder();
  cpSync(alive, killed, { recursive: true });
  return killed;
}

test("a kill loses no verdict, sends what waited in its order, and repeats no number of any camera", async () => {
  const alive = temporaryFolder();
  const outbox = await open(alive);
  await add(outbox, 3);
  await add(outbox, 2, "cam2");
  const next = await open(asKilled(alive));
  assert.equal(await waiting(next), ["cam1 1", "cam1 2", "cam1 3", "cam2 1", "cam2 2"]);
  await add(next, 1, "cam2");
  await add(next, 1);
  next.released();
  assert.equal((await waiting(next)).slice(5), ["cam2 3", "cam1 4"]);
  assert.equal(next.health().lost, {});
});

test("what the broker has is not sent again by the next life, though nothing waits any more", async () => {
  const statePath = temporaryFolder();
  const outbox = await open(statePath);
  await add(outbox, 3);
  for (const verdict of await outbox.verdicts(0, 10)) outbox.delivered(verdict);
  await outbox.close();
  const next = await open(statePath);
  assert.equal([await waiting(next), next.lastVerdict(), next.lastNumber("cam1")], [[], 3, 3]);
  await add(next, 1);
  assert.equal(await waiting(next), ["cam1 4"]);
});

test("a store that is gone, or a file of numbers, does not make a camera count from 1 again", async () => {
  for (const lost of ["outbox", "verdict-seq", "alert-seq"]) {
    const statePath = temporaryFolder();
    const outbox = await open(statePath);
    await add(outbox, 5);
    await outbox.close();
    rmSync(join(statePath, lost), { recursive: true });
    const next = await open(statePath);
    await add(next, 1);
    assert.is((await waiting(next)).at(-1), "cam1 6", lost);
  }
});

test("a camera that is configured again goes on with its numbers, whatever its name is made of", async () => {
  const statePath = temporaryFolder();
  const names = ["..", "cam 1%.x", "ä".repeat(100)];
  const outbox = await open(statePath, { cameras: names });
  for (const name of names) await add(outbox, 2, name);
  await outbox.close();
  const without = await open(statePath, { cameras: [] });
  await without.close();
  const next = await open(statePath, { cameras: names });
  for (const name of names) await add(next, 1, name);
  assert.equal(
    (await waiting(next)).slice(-names.length),
    names.map((name) => `${name} 3`),
  );
});

test("numbers that were given out and never got to disk are a gap of their camera, and not used again", async () => {
  const alive = temporaryFolder();
  const outbox = await open(alive);
  await add(outbox, 4);
  const killed = asKilled(alive);
  rmSync(join(killed, "outbox"), { recursive: true });
  await add(outbox, 2);
  await outbox.close();
  const older = temporaryFolder();
  const first = await open(older);
  await add(first, 4);
  await first.close();
  cpSync(join(alive, "verdict-seq"), join(older, "verdict-seq"), { recursive: true });
  const next = await open(older);
  assert.equal(next.health().gaps, [{ from: 5, to: 6, reason: "verdict-unkept", camera: "cam1" }]);
  await add(next, 1);
  assert.is((await waiting(next)).at(-1), "cam1 7");
});

test.run();
