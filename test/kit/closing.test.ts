import * as assert from "uvu/assert";
import { type Closing, opening } from "../../agent/kit/closing.js";
import { suite } from "../support/suite.js";

const test = suite("closing");
const hang = (): Promise<never> => new Promise(() => undefined);

async function thingOf(open: (closing: Closing) => Promise<void>, faults: string[] = []): Promise<Closing> {
  return opening(
    (reason) => faults.push(reason),
    async (closing) => {
      await open(closing);
      return closing;
    },
  );
}

test("parts are closed in reverse, each once the one after it is closed", async () => {
  const log: string[] = [];
  const closing = await thingOf(async (parts) => {
    parts.add("first", 1_000, () => log.push("first"));
    parts.add("second", 1_000, async () => {
      await Promise.resolve();
      log.push("second");
    });
  });
  await Promise.all([closing.close(), closing.close()]);
  await closing.close();
  assert.equal(log, ["second", "first"]);
});

test("a part that hangs or fails keeps no other from being closed, and is reported", async () => {
  const log: string[] = [];
  const faults: string[] = [];
  const closing = await thingOf(async (parts) => {
    parts.add("first", 1_000, () => log.push("first"));
    parts.add("second", 1_000, () => {
      throw new Error("at once");
    });
    parts.add("third", 1_000, () => Promise.reject(new Error("later")));
    parts.add("fourth", 5, hang);
  }, faults);
  await closing.close();
  assert.equal(log, ["first"]);
  assert.equal(faults, [
    "fourth was not closed within 0.005 s",
    "third could not be closed: later",
    "second could not be closed: at once",
  ]);
});

test("what a part leaves of its time goes to the next, and all together take no longer than the sum", async () => {
  const faults: string[] = [];
  const closing = await thingOf(async (parts) => {
    parts.add("third, which hangs", 5, hang);
    parts.add("second, slower than its share", 5, () => new Promise((resolve) => setTimeout(resolve, 50)));
    parts.add("first, at once", 200, () => undefined);
  }, faults);
  const beganMs = performance.now();
  await closing.close();
  assert.is(faults.length, 1, faults.join("; "));
  assert.match(faults[0]!, /^third, which hangs was not closed within 0\.1/);
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < 350, `${tookMs} ms`);
});

test("where opening fails half-way, what is open is closed before the error goes on", async () => {
  const log: string[] = [];
  const opened = thingOf(async (parts) => {
    parts.add("first", 1_000, () => log.push("closed"));
    throw new Error("the second part");
  });
  await opened.then(
    () => assert.unreachable(),
    (error: Error) => log.push(error.message),
  );
  assert.equal(log, ["closed", "the second part"]);
});

test.run();
