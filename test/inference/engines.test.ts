/** TensorRT's engines beside the provider that runs: by a scripted binding, whose TensorRT is ONNX Runtime's CPU provider. */

import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { inspected } from "../contracts/engine.js";
import {
  asked,
  begin,
  end,
  eventually,
  forget,
  GPU,
  isReady,
  keys,
  load,
  providerOf,
  reportOf,
  script,
} from "../support/engines.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const test = suite("engines that are built");
test.before.each(begin);
test.after.each(end);

test("frames are judged from the first second while the engine is built, and by the engine from then on", async () => {
  script({ buildMs: 300 });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  const { engine: report, fault, tried } = engine.providers();
  assert.is(report!.state, "building-engine");
  assert.is(fault, null);
  assert.equal([tried[0]!.provider, tried[0]!.taken], ["tensorrt", false]);
  await isReady(engine);
  assert.is(await providerOf(engine), "tensorrt");
  const { used, engine: ready } = engine.providers();
  assert.equal([used, ready!.attempt, ready!.difference!.lost], ["tensorrt", 1, 0]);
  assert.equal(asked(), ["build to a file", "open"]);
});

test("the change to the engine loses no frame, and none overtakes another", async () => {
  const engine = await load();
  const order: number[] = [];
  const levels: number[] = [];
  const providers = new Set<string>();
  let number = 0;
  // As a camera does: four on their way at any time.
  const ask = async (): Promise<void> => {
    while (reportOf(engine).state !== "ready" || number % 40 !== 0) {
      const mine = number;
      number += 1;
      const { score, model, frame } = inspected(
        await engine.inspect(greyFrame(mine % 200, undefined, { number: mine })),
      );
      order.push(frame.number);
      levels.push(Math.round(score * 255));
      providers.add(model.provider);
    }
  };
  await Promise.all([ask(), ask(), ask(), ask()]);
  await providerOf(engine);
  assert.equal(order, [...order.keys()], "each once, in order");
  assert.equal(
    levels,
    order.map((each) => each % 200),
  );
  assert.ok(providers.has("cuda"));
});

test("a build that crashes costs no frame and is tried again; when it keeps crashing it is a fault", async () => {
  script({ build: "crash" });
  const engine = await load();
  await eventually(() => reportOf(engine).failures >= 1, "a crash");
  assert.match(reportOf(engine).failure!, "SIGSEGV");
  await eventually(() => engine.providers().fault !== null, "a fault");
  assert.ok(reportOf(engine).failures >= 3);
  assert.match(engine.providers().fault!, /^PROVIDER_NOT_USED: the model runs on cuda; tensorrt: .*SIGSEGV/);
  assert.is(await providerOf(engine), "cuda");
  script({});
  await isReady(engine);
  assert.is(engine.providers().fault, null);
  assert.equal(keys().length, 1, "what the crashes left is gone");
});

test("a build that hangs is ended when its time is over, with that reason", async () => {
  script({ build: "hang" });
  const engine = await load({ timing: { buildMs: 2_500 } });
  await eventually(() => reportOf(engine).failure !== null, "the end of it");
  assert.match(reportOf(engine).failure!, "not done after");
  assert.is(await providerOf(engine), "cuda");
});

test("a build that ONNX Runtime refuses says why, in its first line", async () => {
  script({ build: "refuse" });
  const engine = await load();
  await eventually(() => reportOf(engine).failure !== null, "the reason");
  assert.match(reportOf(engine).failure!, /no tactic for a layer$/);
});

test("a build of ONNX Runtime that writes no engine is not asked again, and that is a fault", async () => {
  script({ build: "nothing" });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "failed", "the end of it");
  assert.match(engine.providers().fault!, "did not write it");
  assert.equal(asked(), ["build to a file"]);
});

test("an engine that scores otherwise is refused, and is not built again at the next start", async () => {
  script({ factor: 1.5 });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.is(await providerOf(engine), "cuda");
  assert.match(engine.providers().fault!, /differ by \d+ %, more than 10 %/);
  await engine.close();
  forget();
  const again = await load();
  assert.is(reportOf(again).state, "refused");
  assert.match(again.providers().fault!, "differ by");
  assert.equal(asked(), []);
});

test("an engine whose scores are right and whose maps are not is refused", async () => {
  script({ blot: 2 });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.match(reportOf(engine).failure!, "differ by");
});

test("a build waits while another agent's builder has the GPU, and its time begins with its turn", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(`\0retort-engine-build-gpu${GPU}`, resolve));
  const engine = await load({ timing: { buildMs: 4_000 } });
  await eventually(() => /waits for that of another agent/.test(reportOf(engine).step), "its waiting");
  assert.equal(asked(), []);
  await new Promise((resolve) => other.close(resolve));
  await isReady(engine);
});

test("an engine that judges a golden picture wrongly is refused, however small the difference", async () => {
  script({ factor: 1.02 });
  const engine = await load({
    // The tiny model's threshold is 0.5: 127 lies below it, and above it by a fiftieth more.
    golden: async function* () {
      yield { bad: false, pixels: new Uint8Array(768).fill(126) };
    },
  });
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.match(reportOf(engine).failure!, "misjudges 1 golden picture");
});

test("builds of several models come one after the other", async () => {
  script({ buildMs: 300 });
  const [one, two] = [await load(), await load({ maxBatch: 1 })];
  const steps = () => [one, two].map((engine) => reportOf(engine).step);
  await eventually(() => steps().some((step) => /waits for that of another model/.test(step)), "one that waits");
  await Promise.all([isReady(one), isReady(two)]);
});

test.run();
