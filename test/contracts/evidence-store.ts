import { v7 as uuidv7 } from "uuid";
import * as assert from "uvu/assert";
import type { EvidenceStore } from "../../agent/evidence/store.js";
import { suite } from "../support/suite.js";

/** What every EvidenceStore keeps. @param open one that holds less than 20 pictures of 10,000 bytes */
export function evidenceStoreContract(name: string, open: () => Promise<EvidenceStore>): void {
  const test = suite(`evidence store contract: ${name}`);
  let store: EvidenceStore;
  test.before.each(async () => {
    store = await open();
  });
  const read = async (id: string) => [...((await store.read(id)) ?? [])];

  test("reads what was put, each alert's own", async () => {
    const [a, b] = [uuidv7(), uuidv7()];
    const kept = await Promise.all([store.put(a, Uint8Array.of(1, 2)), store.put(b, Uint8Array.of(3))]);
    assert.ok(kept.every((each) => each.kept));
    assert.equal(await read(a), [1, 2]);
    assert.equal(await read(b), [3]);
  });

  test("the newest picture of an alert takes the place of the one before", async () => {
    const id = uuidv7();
    await store.put(id, Uint8Array.of(1));
    await store.put(id, Uint8Array.of(2));
    assert.equal(await read(id), [2]);
  });

  test("yields null for what it does not have, and for what is no alert's id", async () => {
    await store.put(uuidv7(), Uint8Array.of(1));
    for (const id of [uuidv7(), "", "..", "../../etc/passwd", `${uuidv7()}/..`, "x".repeat(10_000), "\0"]) {
      assert.is(await store.read(id), null);
    }
  });

  test("full, it gives up the oldest alerts' pictures, whatever the order of writing", async () => {
    const ids = Array.from({ length: 30 }, (_, index) => uuidv7({ msecs: Date.now() - 60_000 + index }));
    for (const id of ids) assert.ok((await store.put(id, new Uint8Array(10_000).fill(7))).kept);
    const there = [];
    for (const id of ids) if ((await store.read(id)) !== null) there.push(id);
    assert.ok(there.length > 0 && there.length < 20, `${there.length} are there`);
    assert.equal(there, ids.slice(-there.length));
  });

  test("a picture that is larger than all may be is refused and named so", async () => {
    const kept = await store.put(uuidv7(), new Uint8Array(1_000_000));
    assert.is(!kept.kept && kept.reason, "quota");
  });

  test.run();
}
