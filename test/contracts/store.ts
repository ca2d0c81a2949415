import * as assert from "uvu/assert";
import { type KeyRange, put, remove, type Store } from "../../agent/store/store.js";
import { suite } from "../support/suite.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | null): string | null => (value === null ? null : new TextDecoder().decode(value));

/** What every Store keeps to. @param open a new, empty one each time */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const test = suite(`store contract: ${name}`);
  let store: Store;
  test.before.each(async () => {
    store = await open();
  });
  test.after.each(async () => {
    await store.close();
  });

  const keys = async (range?: KeyRange): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of store.entries(range)) found.push(key);
    return found;
  };

  test("gives back what was put, the newest of it, and null for what is not there", async () => {
    await store.batch([put("a", bytes("1")), put("b", bytes("2"))], { sync: true });
    await store.batch([put("a", bytes("3")), remove("b")]);
    assert.is(text(await store.get("a")), "3");
    assert.is(await store.get("b"), null);
    assert.is(await store.get(""), null);
    assert.is(text(await store.get("a\0")), null);
  });

  test("within a batch the last word counts", async () => {
    await store.batch([put("a", bytes("1")), remove("a"), put("a", bytes("2")), put("b", bytes("1")), remove("b")]);
    assert.equal(await keys(), ["a"]);
    assert.is(text(await store.get("a")), "2");
  });

  test("keeps empty values and every byte", async () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await store.batch([put("empty", new Uint8Array(0)), put("all", all)]);
    assert.is((await store.get("empty"))!.length, 0);
    assert.equal([...(await store.get("all"))!], [...all]);
  });

  test("is not touched when the caller changes its bytes, before or after", async () => {
    const mine = bytes("mine");
    await store.batch([put("a", mine)]);
    mine.fill(0);
    const read = await store.get("a");
    assert.is(text(read), "mine");
    read!.fill(0);
    assert.is(text(await store.get("a")), "mine");
  });

  test("ranges: from is inside, to is not; forwards, backwards, and no more than asked", async () => {
    await store.batch(["c", "a", "é", "b", "d", "z"].map((key) => put(key, bytes(key))));
    assert.equal(await keys(), ["a", "b", "c", "d", "z", "é"], "by their bytes");
    assert.equal(await keys({ from: "b", to: "d" }), ["b", "c"]);
    assert.equal(await keys({ from: "b", to: "d", reverse: true }), ["c", "b"]);
    assert.equal(await keys({ reverse: true, limit: 2 }), ["é", "z"]);
    assert.equal(await keys({ from: "bb", limit: 2 }), ["c", "d"]);
    assert.equal(await keys({ limit: 0 }), []);
    assert.equal(await keys({ from: "x", to: "b" }), []);
  });

  test("long ranges and large values come whole, in order, both ways", async () => {
    const name = (n: number): string => `k${String(n).padStart(5, "0")}`;
    const ops = Array.from({ length: 1_000 }, (_, n) =>
      put(name(n), new Uint8Array(n % 50 === 0 ? 90_000 : 10).fill(n)),
    );
    await store.batch(ops, { sync: true });
    const expected = Array.from({ length: 1_000 }, (_, n) => name(n));
    assert.equal(await keys(), expected);
    assert.equal(await keys({ reverse: true }), [...expected].reverse());
    assert.equal(await keys({ from: name(100), limit: 700 }), expected.slice(100, 800));
    for await (const { key, value } of store.entries()) {
      const n = Number(key.slice(1));
      assert.is(value.length, n % 50 === 0 ? 90_000 : 10);
      assert.ok(value.every((byte) => byte === n % 256));
    }
  });

  test("what is removed while it is read ends the reading no sooner", async () => {
    await store.batch(Array.from({ length: 600 }, (_, n) => put(`k${String(n).padStart(3, "0")}`, bytes("x"))));
    let seen = 0;
    for await (const { key } of store.entries()) {
      seen += 1;
      await store.batch([remove(key)]);
    }
    assert.is(seen, 600);
    assert.equal(await keys(), []);
  });

  test("many batches at once are all kept", async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => store.batch([put(`k${n}`, bytes(`${n}`))], { sync: n % 2 === 0 })),
    );
    assert.is((await keys()).length, 100);
  });

  test("knows about what it takes, and that nothing is wrong", async () => {
    await store.batch([put("a", new Uint8Array(50_000))], { sync: true });
    assert.ok((await store.bytes()) >= 50_000);
    assert.equal(store.health(), { full: false, damage: [] });
    assert.ok(await store.makeRoom());
    assert.is((await store.get("a"))!.length, 50_000);
  });

  test("after closing everything is refused, and closing again is harmless", async () => {
    await store.close();
    await store.close();
    for (const use of [() => store.batch([put("a", bytes("1"))]), () => store.get("a"), () => keys()]) {
      const code = await use().then(
        () => "none",
        (error: { code: string }) => error.code,
      );
      assert.is(code, "STORE_CLOSED");
    }
  });

  test.run();
}
