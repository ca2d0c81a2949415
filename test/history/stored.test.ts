import * as assert from "uvu/assert";
import type { AlertHistory } from "../../agent/history/history.js";
import { openHistory } from "../../agent/history/open.js";
import { openStoredHistory } from "../../agent/history/stored.js";
import { openMemoryStore } from "../../agent/store/memory-store.js";
import { put, type Store } from "../../agent/store/store.js";
import type { CodedError } from "../../errors.js";
import { alertHistoryContract } from "../contracts/alert-history.js";
import { alertId, alertStep } from "../support/alert-step.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const generous = { maxAlerts: 100, maxAgeMs: 86_400_000, ageMs: () => 0 };
const silent = () => undefined;

alertHistoryContract("on a store", async (retention, wallMs) => {
  const store = openMemoryStore();
  const history = await openStoredHistory({
    ...retention,
    store,
    ageMs: (stampMs) => wallMs() - stampMs,
    onTrouble: silent,
  });
  return {
    history,
    close: async () => {
      await history.close();
      await store.close();
    },
  };
});

const test = suite("alert history on a store");
const open = (store: Store, onTrouble: (reason: string) => void = silent): Promise<AlertHistory> =>
  openStoredHistory({ ...generous, store, onTrouble });
const ids = (history: AlertHistory) => history.list({ limit: 100 }).map(({ latest }) => latest.id);

test("what was recorded is there after a restart, in its order, and what was forgotten is not", async () => {
  const store = openMemoryStore();
  const before = await openStoredHistory({ ...generous, maxAlerts: 2, store, onTrouble: silent });
  before.record(alertStep(1, 1, 0));
  before.record(alertStep(2, 2, 1));
  before.record(alertStep(3, 3, 2));
  before.record(alertStep(2, 4, 3, { phase: "cleared" }));
  await before.close();
  const after = await open(store);
  assert.equal(ids(after), [alertId(2), alertId(3)]);
  assert.equal(after.find(alertId(2)), before.find(alertId(2)));
});

test("a record as the first version wrote it is read: the latest step, and how many there were", async () => {
  const store = openMemoryStore();
  const { atPeak: _, ...alert } = alertStep(1, 7, 9, { phase: "cleared", score: 0.1, regions: [] });
  const written = { alert, since: "2026-03-01T08:00:00.000Z", steps: 5 };
  await store.batch([put(`history/${alert.id}`, Buffer.from(JSON.stringify(written)))]);
  const history = await open(store);
  const record = history.find(alert.id)!;
  assert.equal([record.latest.phase, record.since, record.stepCount], ["cleared", written.since, 5]);
  history.record(alertStep(1, 8, 10, { phase: "acknowledged", by: "kim" }));
  assert.is(history.find(alert.id)!.stepCount, 6);
});

test("version 0.1 reads what is written: the latest step, since when, and how many there were", async () => {
  const store = openMemoryStore();
  const history = await open(store);
  history.record(alertStep(1, 7, 1));
  history.record(alertStep(1, 8, 2, { phase: "cleared" }));
  await history.close();
  for await (const { value } of store.entries()) {
    const { alert, since, steps } = JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>;
    assert.equal([alert, since, steps], [alertStep(1, 8, 2, { phase: "cleared" }), alertStep(1, 7, 1).ts, 2]);
  }
});

test("written without being asked to close", async () => {
  const store = openMemoryStore();
  const history = await open(store);
  history.record(alertStep(1, 1, 0));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ids(await open(store)), [alertId(1)]);
});

test("a disk that fails is told once, holds nothing up, and gets all of it when it is back", async () => {
  const store = openMemoryStore();
  let broken = true;
  const faulty: Store = {
    ...store,
    batch: (ops, options) => (broken ? Promise.reject(new Error("no space")) : store.batch(ops, options)),
  };
  const told: string[] = [];
  const history = await open(faulty, (reason) => told.push(reason));
  history.record(alertStep(1, 1, 0));
  await until(() => told.length === 1, "told");
  history.record(alertStep(2, 2, 1));
  history.record(alertStep(1, 3, 2, { phase: "cleared" }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ids(history), [alertId(1), alertId(2)]);
  assert.equal(told, ["no space"]);
  broken = false;
  history.record(alertStep(3, 4, 3));
  await history.close();
  const after = await open(store);
  assert.equal(ids(after), [alertId(3), alertId(1), alertId(2)]);
  assert.is(after.find(alertId(1))!.latest.phase, "cleared");
});

test("records that are none are left out, said, and removed", async () => {
  const store = openMemoryStore();
  for (const [n, text] of ["", "{", "null", "[]", '{"alert":{"id":"x"}}', '{"alert":null}'].entries()) {
    await store.batch([put(`history/${n}`, Buffer.from(text))]);
  }
  await store.batch([put("other/1", Buffer.from("not ours"))]);
  const told: string[] = [];
  const history = await open(store, (reason) => told.push(reason));
  history.record(alertStep(1, 1, 0));
  await history.close();
  assert.is(told.length, 1);
  const keys: string[] = [];
  for await (const { key } of store.entries()) keys.push(key);
  assert.equal(keys, [`history/${alertId(1)}`, "other/1"]);
});

test("a store that cannot be opened, or read, is told with a code, and the history goes with the process", async () => {
  const unread: Store = {
    ...openMemoryStore(),
    entries: () => {
      throw new Error("unreadable");
    },
  };
  for (const openStore of [() => Promise.reject(new Error("locked")), async () => unread]) {
    const codes: string[] = [];
    const onTrouble = ({ code }: CodedError) => codes.push(code);
    const history = await openHistory({ ...generous, statePath: "nowhere", openStore, onTrouble });
    history.record(alertStep(1, 1, 0));
    assert.equal(ids(history), [alertId(1)]);
    assert.equal(codes, ["HISTORY_TROUBLE"]);
    await history.close();
  }
});

test("a store that could not be opened at the start is opened later, and has what was recorded meanwhile, and what it had before", async () => {
  const store = openMemoryStore();
  const before = await openStoredHistory({ ...generous, store, onTrouble: silent });
  before.record(alertStep(1, 1, 0));
  await before.close();
  let isThere = false;
  let nowMs = 0;
  const openStore = async (): Promise<Store> => {
    if (!isThere) throw new Error("EIO");
    return { ...store, close: async () => undefined };
  };
  const history = await openHistory({
    ...generous,
    statePath: "nowhere",
    openStore,
    onTrouble: silent,
    monotonicMs: () => nowMs,
  });
  history.record(alertStep(2, 2, 0));
  await new Promise((resolve) => setImmediate(resolve));
  isThere = true;
  nowMs = 60_000;
  history.record(alertStep(3, 3, 0));
  await history.close();
  const after = await openStoredHistory({ ...generous, store, onTrouble: silent });
  assert.equal(ids(after), [alertId(3), alertId(2), alertId(1)]);
});

test("a disk that fails for good: what waits to be written is bounded, and the next start is as it should be", async () => {
  const store = openMemoryStore();
  let broken = false;
  let largest = 0;
  const faulty: Store = {
    ...store,
    batch: (ops, options) => {
      largest = Math.max(largest, ops.length);
      return broken ? Promise.reject(new Error("no space")) : store.batch(ops, options);
    },
  };
  const few = { ...generous, maxAlerts: 5 };
  const history = await openStoredHistory({ ...few, store: faulty, onTrouble: silent });
  for (let n = 1; n <= 100; n += 1) {
    broken = n > 3;
    history.record(alertStep(n, n, n));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(largest <= 12, `${largest} at once`);
  broken = false;
  await history.close();
  const after = await openStoredHistory({ ...few, store, onTrouble: silent });
  assert.equal(ids(after), [100, 99, 98, 97, 96].map(alertId));
});

test.run();
