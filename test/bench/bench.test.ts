import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import { runBench } from "../../agent/bench/bench.js";
import { compare, takeTurns } from "../../agent/bench/compare.js";
import { demandGate } from "../../agent/bench/gate.js";
import type { WatchOptions } from "../../agent/line/parts.js";
import { fakeCamera } from "../fakes/camera.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const gates = suite("demand gate");

gates("holds demand while closed, lets all of it through when opened", () => {
  const gate = demandGate();
  const demand$ = new Subject<number>();
  const passed: number[] = [];
  const subscription = gate.pass(demand$).subscribe((count) => passed.push(count));
  demand$.next(2);
  demand$.next(1);
  assert.equal(passed, []);
  gate.open();
  demand$.next(1);
  assert.equal(passed, [3, 1]);
  gate.close();
  demand$.next(5);
  assert.equal(passed, [3, 1]);
  subscription.unsubscribe();
  gate.open();
  assert.equal(passed, [3, 1]);
});

gates.run();

const comparison = suite("comparison");

comparison("the sides are first in turn, each pair one right after the other", async () => {
  const order: string[] = [];
  const side = (name: string, fps: number) => async () => {
    order.push(name);
    return fps;
  };
  const pairs = await takeTurns({ bare: side("b", 20), agent: side("a", 19) }, 3, (pair) => order.push(String(pair)));
  assert.is(order.join(""), "1ba2ab3ba");
  assert.equal(pairs[1], { bareFps: 20, agentFps: 19 });
});

comparison("one disturbed pair moves neither the ratio nor the rates; a drift of the machine cancels out", () => {
  const steady = { bareFps: 20, agentFps: 19 };
  const disturbed = compare([steady, steady, { bareFps: 20, agentFps: 4 }]);
  assert.equal(disturbed, { ceilingFps: 20, endToEndFps: 19, ratio: 0.95 });
  const drifting = [1, 0.9, 0.8, 0.7].map((speed) => ({ bareFps: 20 * speed, agentFps: 19 * speed }));
  assert.ok(Math.abs(compare(drifting).ratio - 0.95) < 1e-9);
});

comparison.run();

const bench = suite("bench");

function* forever(): Generator<number> {
  for (;;) yield 7;
}

bench("yields every figure of the contract, the agent's from what a subscriber received", async () => {
  const watchCamera = (options: WatchOptions) => fakeCamera("bench", forever()).watch(options);
  const said: string[] = [];
  const result = await runBench({
    bundle: await writeTinyBundle(),
    seconds: 1,
    threads: 1,
    watchCamera,
    segmentMs: 250,
    onProgress: (text) => said.push(text),
  });
  assert.is(result.model, "tiny 1.0.0");
  assert.is(result.provider, "cpu");
  assert.is(result.threads, 1);
  const { ceilingFps, endToEndFps, ratio, outsideInferenceMs, latencyMs, trivialFps, eventLoopDelayMs, rssMb } = result;
  for (const figure of [ceilingFps, endToEndFps, trivialFps, eventLoopDelayMs.p99, rssMb, latencyMs.p50]) {
    assert.ok(figure > 0, JSON.stringify(result));
  }
  // Each is a median of its own.
  assert.ok(ratio > 0.05 * (endToEndFps / ceilingFps) && ratio < 20 * (endToEndFps / ceilingFps));
  assert.ok(latencyMs.p99 >= latencyMs.p50 && outsideInferenceMs.p99 >= outsideInferenceMs.p50);
  assert.ok(latencyMs.p50 >= outsideInferenceMs.p50);
  assert.ok(said.length >= 4);
});

bench.run();
