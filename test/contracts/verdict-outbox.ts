import * as assert from "uvu/assert";
import type { WaitingVerdict } from "../../agent/contract/alert-queue.js";
import type { OutboxOptions } from "../../agent/outbox/open.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import type { Store } from "../../agent/store/store.js";
import { CodedError } from "../../errors.js";
import { alertStep, MB, partVerdict, picture, plain, testOutbox } from "../support/outbox.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** What the outbox keeps to with verdicts, whatever it is kept in. @param openStore a new, empty store each time */
export function verdictOutboxContract(name: string, openStore: () => Promise<Store>): void {
  const test = suite(`outbox contract, verdicts: ${name}`);
  let outbox: Outbox;
  test.after.each(async () => {
    await outbox.close();
  });

  const open = async (rest: Partial<OutboxOptions> = {}): Promise<Outbox> => {
    outbox = await testOutbox({ openStore, ...rest });
    return outbox;
  };
  const addMany = (count: number, camera = "cam1"): Promise<unknown> =>
    Promise.all(from1(count).map((part) => outbox.addVerdict(partVerdict({ camera, part }))));
  const waiting = (after = 0): Promise<readonly WaitingVerdict[]> => outbox.verdicts(after, 20_000);
  const seqs = (verdicts: readonly WaitingVerdict[], camera = "cam1"): number[] =>
    verdicts.filter(({ payload }) => payload.camera === camera).map(({ payload }) => payload.seq);

  test("numbers the verdicts of each camera from 1 in the order they come, beside those of alerts", async () => {
    await open();
    const published: string[] = [];
    outbox.judged$.subscribe(({ camera, seq }) => published.push(`${camera} ${seq}`));
    await Promise.all([addMany(3), outbox.add(alertStep(), plain), addMany(2, "cam2"), addMany(1)]);
    const verdicts = await waiting();
    assert.equal(
      verdicts.map(({ payload }) => `${payload.camera} ${payload.seq}`),
      ["cam1 1", "cam1 2", "cam1 3", "cam2 1", "cam2 2", "cam1 4"],
    );
    assert.equal(
      published,
      verdicts.map(({ payload }) => `${payload.camera} ${payload.seq}`),
    );
    assert.equal(
      verdicts.flatMap(({ payload }) => schemaFaults("verdict", payload)),
      [],
    );
    assert.equal([outbox.lastVerdict(), outbox.last(), outbox.health().verdicts], [6, 1, 6]);
    assert.equal(
      ["cam1", "cam2", "cam3"].map((camera) => outbox.lastNumber(camera)),
      [4, 2, 0],
    );
  });

  test("what comes while the disk is at work goes into one write: a thousand verdicts at once cost a few syncs", async () => {
    const store = await openStore();
    let syncs = 0;
    const counted: Store = {
      ...through(store),
      batch: (ops, options) => {
        if (options?.sync === true) syncs += 1;
        return store.batch(ops, options);
      },
    };
    await open({ openStore: async () => counted });
    await addMany(1_000);
    assert.ok(syncs <= 3, `${syncs} syncs`);
    assert.equal(seqs(await waiting()), from1(1_000));
  });

  test("hands out what comes behind a place, so many, and forgets what was delivered", async () => {
    await open();
    await addMany(10);
    assert.equal(seqs(await outbox.verdicts(3, 4)), [4, 5, 6, 7]);
    for (const verdict of await waiting()) if (verdict.seq !== 5) outbox.delivered(verdict);
    await until(() => outbox.health().verdicts === 1, "the rest is forgotten");
    assert.equal(seqs(await waiting()), [5]);
    outbox.released();
    assert.equal(seqs(await waiting()), [5], "and waits again where the connection is lost");
    const [last] = await waiting();
    outbox.delivered(last!);
    await until(() => outbox.health().bytes === 0, "nothing is left");
  });

  test("what the broker will never take is a gap of its camera", async () => {
    await open();
    await addMany(2, "cam2");
    const [first] = await waiting();
    outbox.refused(first!);
    assert.equal(outbox.health().gaps, [{ from: 1, to: 1, reason: "verdict-refused", camera: "cam2" }]);
    assert.equal(outbox.health().lost, { "verdict-refused": 1 });
  });

  test("full: pictures go before verdicts, verdicts before alerts, the oldest first; the gaps explain what is missing", async () => {
    await open({ maxBytes: 0.2 * MB });
    await Promise.all(from1(5).map(() => outbox.add(alertStep(), { evidence: picture(20_000) })));
    await addMany(100);
    assert.equal([outbox.health().evidence > 0, outbox.health().verdicts], [true, 100]);
    await addMany(1_000);
    const { lost, verdicts, evidence, depth, bytes, gaps } = outbox.health();
    assert.equal([evidence, depth, bytes <= 0.2 * MB], [0, 5, true]);
    assert.equal(Object.keys(lost).sort(), ["evidence-room", "verdict-room"]);
    assert.is(verdicts + lost["verdict-room"]!, 1_100);
    assert.equal(gaps, [{ from: 1, to: lost["verdict-room"]!, reason: "verdict-room", camera: "cam1" }]);
    assert.equal(seqs(await waiting()), from1(1_100).slice(lost["verdict-room"]));
  });

  test("a part's picture goes behind its verdict, which names its topic; it waits, is delivered, and is refused, as an alert's", async () => {
    await open();
    const places: number[] = [];
    outbox.pictured$.subscribe((place) => places.push(place));
    await addMany(1, "cam2");
    const bad = (await outbox.addVerdict(partVerdict({ verdict: "ng" }), true))!;
    assert.equal([bad.payload.seq, bad.place], [1, 2]);
    assert.equal(bad.payload.evidence, { topic: "retort/line-7/cam1/evidence/part-1" });
    assert.equal(schemaFaults("verdict", bad.payload), []);
    await outbox.addPicture(bad, picture(5_000));
    assert.equal([places, outbox.health().evidence], [[2], 1]);
    assert.is(await outbox.pictures(0, 2), null, "its verdict is not delivered yet");
    assert.is(await outbox.evidence(0, 100), null, "it is no alert's");
    const found = (await outbox.pictures(0, 3))!;
    assert.equal([found.kind, found.seq, found.topic], ["picture", 2, "cam1/evidence/part-1"]);
    assert.equal([...found.jpeg], [...picture(5_000).jpeg]);
    outbox.delivered(found);
    await until(() => outbox.health().evidence === 0, "it is removed");
    const other = (await outbox.addVerdict(partVerdict(), true))!;
    await outbox.addPicture(other, picture(100));
    outbox.refused((await outbox.pictures(0, 4))!);
    assert.equal([outbox.health().lost, outbox.health().gaps], [{ "evidence-refused": 1 }, []]);
  });

  test("pictures of parts give way to those of alerts; more than wait for a slow disk are given up, and counted", async () => {
    await open({ maxBytes: 0.1 * MB });
    await outbox.add(alertStep(), { evidence: picture(60_000) });
    const kept = (await outbox.addVerdict(partVerdict(), true))!;
    await outbox.addPicture(kept, picture(60_000));
    assert.equal([outbox.health().evidence, outbox.health().lost], [1, { "evidence-room": 1 }]);
    assert.is((await outbox.evidence(0, 2))?.kind, "evidence");
    await Promise.all(from1(30).map(() => outbox.addPicture(kept, picture(10))));
    assert.is(outbox.health().lost["evidence-memory"], 14);
  });

  test("age counts the agent's own running", async () => {
    let runMs = 1_000_000;
    await open({ maxAgeMs: 3_600_000, monotonicMs: () => runMs, tickMs: 5 });
    await addMany(2);
    runMs += 1_800_000;
    await addMany(1);
    runMs += 1_800_001;
    await until(() => outbox.health().verdicts === 1, "the first two are too old");
    assert.equal(seqs(await waiting()), [3]);
    assert.equal(outbox.health().gaps, [{ from: 1, to: 2, reason: "verdict-age", camera: "cam1" }]);
  });

  test("a disk that takes nothing: verdicts go on from memory, bounded, and all is kept when it takes again", async () => {
    const store = await openStore();
    let broken = false;
    const failing: Store = {
      ...through(store),
      batch: async (ops, options) => {
        if (broken) throw new CodedError("STORE_FAILED", "broken", { remedy: "" });
        await store.batch(ops, options);
      },
    };
    await open({ openStore: async () => failing, tickMs: 5 });
    await addMany(2);
    broken = true;
    await addMany(3);
    assert.equal([outbox.health().undurable, outbox.health().verdicts], [3, 5]);
    const verdicts = await waiting();
    assert.equal(seqs(verdicts), from1(5), "they can be sent, in order");
    outbox.delivered(verdicts[3]!);
    outbox.released();
    assert.equal(seqs(await waiting()), [1, 2, 3, 5], "what was delivered is not sent again");
    outbox.released();
    broken = false;
    await until(() => outbox.health().undurable === 0 && outbox.health().verdicts === 4, "they are on disk");
    assert.equal(seqs(await waiting()), [1, 2, 3, 5]);
    broken = true;
    for (let n = 0; n < 11; n += 1) await addMany(1_000);
    assert.is(outbox.health().undurable, 10_000);
    assert.equal(outbox.health().gaps, [{ from: 6, to: 1_005, reason: "verdict-memory", camera: "cam1" }]);
  });

  test("what comes after the stop is counted", async () => {
    await open();
    await outbox.close();
    await addMany(1);
    assert.equal(outbox.health().lost, { "verdict-stopped": 1 });
  });

  test.run();
}

/** Its methods keep their `this`. */
function through(store: Store): Store {
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

const from1 = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
