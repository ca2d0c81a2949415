import * as assert from "uvu/assert";
import type { WaitingAlert } from "../../agent/contract/alert-queue.js";
import type { OutboxOptions } from "../../agent/outbox/open.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import type { Store } from "../../agent/store/store.js";
import type { AlertPhase } from "../../agent/types.js";
import { CodedError } from "../../errors.js";
import { alertStep, MB, picture, plain, testOutbox } from "../support/outbox.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** What the outbox keeps to, whatever it is kept in. @param openStore a new, empty store each time */
export function outboxContract(name: string, openStore: () => Promise<Store>): void {
  const test = suite(`outbox contract: ${name}`);
  let outbox: Outbox;
  test.after.each(async () => {
    await outbox.close();
  });

  const open = async (rest: Partial<OutboxOptions> = {}): Promise<Outbox> => {
    outbox = await testOutbox({ openStore, ...rest });
    return outbox;
  };
  const addMany = (phases: readonly AlertPhase[], bytes = 0): Promise<unknown> =>
    Promise.all(
      phases.map((phase) => outbox.add(alertStep({ phase }), { evidence: bytes === 0 ? null : picture(bytes) })),
    );
  const times = (count: number, phase: AlertPhase): AlertPhase[] => Array.from({ length: count }, () => phase);
  const waiting = async (after = 0): Promise<readonly WaitingAlert[]> => outbox.alerts(after, 10_000);
  const seqs = (alerts: readonly WaitingAlert[]): number[] => alerts.map(({ seq }) => seq);
  const from1 = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

  test("numbers alerts from 1 in the order they come, and publishes each as the contract says", async () => {
    await open();
    const published: number[] = [];
    outbox.added$.subscribe(({ seq }) => published.push(seq));
    const steps = Array.from({ length: 700 }, () => alertStep({ calibration: "by hand" }));
    await Promise.all(steps.map((step) => outbox.add(step, plain)));
    const alerts = await waiting();
    assert.equal(seqs(alerts), from1(700));
    assert.equal(published, from1(700));
    assert.equal(
      alerts.map(({ payload }) => payload.id),
      steps.map(({ id }) => id),
    );
    assert.equal(
      alerts.slice(0, 3).flatMap(({ payload }) => schemaFaults("alert", payload)),
      [],
    );
    assert.is(alerts[0]!.payload.calibration, "by hand");
    assert.is(outbox.last(), 700);
  });

  test("hands out what comes after a number, so many, and forgets what was delivered", async () => {
    await open();
    await addMany(times(10, "raised"));
    assert.equal(seqs(await outbox.alerts(3, 4)), [4, 5, 6, 7]);
    for (const alert of await waiting()) if (alert.seq !== 5) outbox.delivered(alert);
    await until(() => outbox.health().depth === 1, "the rest is forgotten");
    assert.equal(seqs(await waiting()), [5]);
    assert.equal(await waiting(5), []);
  });

  test("hands out evidence only within bounds, whole, with its topic in the alert", async () => {
    await open();
    const evidence = picture(40_000, 200);
    const step = alertStep();
    await outbox.add(alertStep(), plain);
    await outbox.add(step, { evidence });
    assert.is(await outbox.evidence(0, 2), null, "its alert is not delivered yet");
    const [, alert] = await waiting();
    assert.equal(alert!.payload.evidence, {
      topic: `retort/line-7/cam1/evidence/${step.id}`,
      sha256: evidence.sha256,
      bytes: 40_000,
    });
    outbox.delivered(alert!);
    const found = (await outbox.evidence(0, 3))!;
    assert.equal([found.seq, found.topic], [2, `cam1/evidence/${step.id}`]);
    assert.is(Buffer.compare(found.jpeg, evidence.jpeg), 0);
    assert.is(outbox.health().evidence, 1);
    outbox.delivered(found);
    await until(() => outbox.health().evidence === 0, "it is forgotten");
    assert.is(await outbox.evidence(0, 3), null);
  });

  test("what was handed out and not delivered waits again", async () => {
    await open();
    await addMany(times(3, "raised"));
    const [first] = await waiting();
    outbox.released();
    outbox.delivered(first!);
    assert.equal(seqs(await waiting()), [1, 2, 3], "an acknowledgement over a link that is gone counts for nothing");
  });

  test("what was delivered is not handed out again, though its records are not removed yet, and is counted once", async () => {
    await open();
    await addMany(times(5, "raised"), 1_000);
    const [first, second] = await waiting();
    outbox.delivered(first!);
    outbox.delivered(second!);
    const picture = (await outbox.evidence(0, 3))!;
    outbox.delivered(picture);
    outbox.released();
    assert.equal(seqs(await outbox.alerts(0, 2)), [3, 4], "over the next connection");
    assert.is((await outbox.evidence(0, 3))!.seq, 2);
    for (const alert of [first!, second!, ...(await waiting())]) outbox.delivered(alert);
    await until(() => outbox.health().depth === 0, "all are removed");
    assert.equal([outbox.health().evidence, outbox.health().lost], [4, {}]);
  });

  test("full: evidence goes first, then updates, then the oldest; numbers that go are reported", async () => {
    await open({ maxBytes: 0.2 * MB });
    await addMany(["raised", ...times(20, "updated"), "cleared"], 20_000);
    const { lost, evidence, bytes } = outbox.health();
    assert.equal(Object.keys(lost), ["evidence-room"]);
    assert.is(evidence + lost["evidence-room"]!, 22);
    assert.ok(bytes <= 0.2 * MB);
    assert.is((await waiting()).length, 22, "no alert");
    outbox.released();

    await addMany(times(600, "raised"));
    const after = outbox.health();
    const phases = (await waiting()).map(({ payload }) => payload.phase);
    assert.is(after.evidence, 0);
    assert.is(after.lost["evidence-room"], 22);
    assert.ok(!phases.includes("updated"), "every update before any other");
    assert.ok(after.lost["alert-room"]! > 20);
    assert.is(after.depth + after.lost["alert-room"]!, 622);
    assert.ok(after.bytes <= 0.2 * MB);
    const gone = new Set(
      from1(622).filter((seq) => !outbox.health().gaps.some(({ from, to }) => from <= seq && seq <= to)),
    );
    assert.equal(seqs(await waiting()), [...gone], "the gaps explain what is missing");
    assert.equal(
      after.gaps.map(({ reason }) => reason),
      after.gaps.map(() => "alert-room"),
    );
  });

  test("what is being sent is not given up", async () => {
    await open({ maxBytes: 0.02 * MB });
    await addMany(times(5, "raised"));
    assert.is((await outbox.alerts(0, 3)).length, 3);
    await addMany(times(100, "raised"));
    assert.equal(seqs(await waiting()).slice(0, 3), [1, 2, 3]);
    assert.is(outbox.health().lost["alert-room"]! + outbox.health().depth, 105);
  });

  test("what is given up is not handed out while its records are being removed", async () => {
    const store = await openStore();
    const handedOut = new Map<number, WaitingAlert>();
    const reading: Store = {
      ...bound(store),
      batch: async (ops, options) => {
        const removes = ops.some(({ kind, key }) => kind === "delete" && key.startsWith("a/"));
        for (const alert of removes ? await outbox.alerts(0, 10_000) : []) handedOut.set(alert.seq, alert);
        await store.batch(ops, options);
      },
    };
    await open({ openStore: async () => reading, maxBytes: 0.02 * MB });
    for (let n = 0; n < 10; n += 1) await addMany(times(10, "raised"));
    const { gaps } = outbox.health();
    assert.ok(gaps.length > 0 && handedOut.size > 0);
    const both = [...handedOut.keys()].filter((seq) => gaps.some(({ from, to }) => from <= seq && seq <= to));
    assert.equal(both, []);
    for (const alert of [...handedOut.values(), ...(await waiting())]) outbox.delivered(alert);
    await until(() => outbox.health().depth === 0, "the account holds");
  });

  test("age counts the agent's own running, whatever the wall clock does", async () => {
    let runMs = 1_000_000;
    let wallMs = Date.now();
    await open({ maxAgeMs: 3_600_000, monotonicMs: () => runMs, wallMs: () => wallMs, tickMs: 5 });
    await addMany(["raised"], 1_000);
    wallMs += 10 * 365 * 86_400_000;
    runMs += 1_800_000;
    await addMany(["raised"], 1_000);
    wallMs -= 20 * 365 * 86_400_000;
    runMs += 100_000;
    await addMany(["raised"]);
    assert.is(outbox.health().depth, 3);
    assert.is(outbox.health().ageMs, 0, "and it is never below zero");
    runMs += 1_700_001;
    await until(() => outbox.health().depth === 2, "the first is too old");
    assert.equal(seqs(await waiting()), [2, 3]);
    assert.equal(outbox.health().lost, { "alert-age": 1, "evidence-age": 1 });
    assert.equal(outbox.health().gaps, [{ from: 1, to: 1, reason: "alert-age" }]);
  });

  test("a disk that takes nothing: alerts go on from memory, evidence is given up, and all is kept when it takes again", async () => {
    const store = await openStore();
    let full = false;
    let room = false;
    const troubles: string[] = [];
    const failing: Store = {
      ...bound(store),
      batch: async (ops, options) => {
        if (full) throw new CodedError("STORE_FULL", "full", { remedy: "" });
        await store.batch(ops, options);
      },
      health: () => ({ full, damage: [] }),
      makeRoom: async () => {
        full &&= !room;
        return !full;
      },
    };
    await open({ openStore: async () => failing, onTrouble: ({ code }) => troubles.push(code), tickMs: 5 });
    await addMany(times(3, "raised"), 1_000);
    full = true;
    await addMany(times(4, "raised"), 1_000);
    const degraded = outbox.health();
    assert.equal([degraded.depth, degraded.undurable, degraded.full], [7, 4, true]);
    assert.equal(degraded.lost, { "evidence-disk": 4 });
    const alerts = await waiting();
    assert.equal(seqs(alerts), from1(7), "they can be sent, in order");
    assert.is(alerts[6]!.payload.evidence, null);
    assert.ok(troubles.includes("STORE_FULL"));
    outbox.delivered(alerts[0]!);
    outbox.delivered(alerts[5]!);
    outbox.released();
    assert.equal(seqs(await waiting()), [2, 3, 4, 5, 7], "what was delivered is not sent again");
    room = true;
    await until(() => outbox.health().undurable === 0 && outbox.health().depth === 5, "they are on disk");
    outbox.released();
    assert.equal(seqs(await waiting()), [2, 3, 4, 5, 7]);
    await addMany(["raised"], 1_000);
    assert.equal([outbox.last(), outbox.health().full, outbox.health().evidence], [8, false, 4]);
  });

  test("memory is bounded while the disk takes nothing: updates go first, and are reported", async () => {
    const store = await openStore();
    const failing: Store = {
      ...bound(store),
      batch: async (ops, options) => {
        if (ops.some(({ key }) => key.startsWith("a/"))) throw new CodedError("STORE_FAILED", "broken", { remedy: "" });
        await store.batch(ops, options);
      },
    };
    await open({ openStore: async () => failing });
    for (let n = 0; n < 11; n += 1) await addMany(times(500, n < 2 ? "updated" : "raised"));
    const { depth, undurable, lost } = outbox.health();
    assert.equal([depth, undurable, lost], [5_000, 5_000, { "alert-memory": 500 }]);
    assert.equal((await waiting()).length, 5_000);
    assert.equal(outbox.health().gaps, [{ from: 1, to: 500, reason: "alert-memory" }]);
  });

  test("what comes after the stop is counted, and closing twice is harmless", async () => {
    await open();
    await outbox.close();
    await outbox.close();
    await outbox.add(alertStep(), plain);
    assert.equal(outbox.health().lost, { "alert-stopped": 1 });
  });

  test.run();
}

/** Its methods keep their `this`. */
function bound(store: Store): Store {
  return {
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    batch: (ops, options) => store.batch(ops, options),
    bytes: () => store.bytes(),
    health: () => store.health(),
    makeRoom: () => store.makeRoom(),
    close: () => store.close(),
  };
}
