/** TensorRT's engines where what went wrong has ended: by a scripted binding. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  asked,
  begin,
  builtBefore,
  end,
  eventually,
  isReady,
  keys,
  load,
  places,
  providerOf,
  reportOf,
  script,
} from "../support/engines.js";
import { suite } from "../support/suite.js";

const test = suite("engines that are tried again");
test.before.each(begin);
test.after.each(end);

/** An engine at whose opening an agent ended. */
async function begunBefore(): Promise<void> {
  await builtBefore();
  writeFileSync(join(places().folder, keys()[0]!, "opening"), "");
}

test("an engine whose trial another process ends, as the kernel does where memory runs out, is tried again, and stays", async () => {
  await begunBefore();
  script({ open: "killed" });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  assert.is(reportOf(engine).state, "building-engine");
  await eventually(() => reportOf(engine).failures > 1, "another trial");
  assert.match(reportOf(engine).failure!, "SIGKILL");
  script({});
  await isReady(engine);
  assert.equal(new Set(asked()), new Set(["open"]));
});

test("an engine for whose trial no process can be had is tried again, and stays", async () => {
  await begunBefore();
  const { execPath } = process;
  process.execPath = "/nowhere/node";
  try {
    const engine = await load();
    assert.is(await providerOf(engine), "cuda");
    assert.match(reportOf(engine).failure!, "cannot be run");
    process.execPath = execPath;
    await isReady(engine);
  } finally {
    process.execPath = execPath;
  }
  assert.equal(asked(), ["open", "open"]);
});

test("an engine that hangs whenever it is opened is a fault, until what hangs has ended: then it is tried again", async () => {
  await builtBefore();
  script({ open: "hang" });
  const engine = await load({ timing: { openMs: 1_500 } });
  await eventually(() => reportOf(engine).state === "failed", "no further try");
  assert.match(engine.providers().fault!, "threads that hang");
  assert.is(await providerOf(engine), "cuda");
  script({});
  await isReady(engine);
});

test("an engine that cannot be compared, for golden pictures that are not there, is not built again for it", async () => {
  let there = false;
  const engine = await load({
    golden: async function* () {
      if (!there) throw new Error("no such folder");
      yield { bad: false, pixels: new Uint8Array(768).fill(51) };
    },
  });
  await eventually(() => reportOf(engine).failures > 1, "another comparison");
  assert.match(reportOf(engine).failure!, "it cannot be compared: no such folder");
  there = true;
  await isReady(engine);
  assert.equal(
    asked().filter((each) => each !== "open"),
    ["build to a file"],
  );
});

test("a build that crashes and leaves a child with its output is known to have crashed all the same", async () => {
  script({ build: "orphan" });
  const engine = await load({ timing: { backoff: { firstMs: 60_000, mostMs: 60_000 } } });
  await eventually(() => reportOf(engine).failure !== null, "the crash");
  assert.match(reportOf(engine).failure!, "SIGSEGV");
  const child = asked().find((each) => each.startsWith("child "));
  process.kill(Number(child!.slice("child ".length)));
});

test.run();
