import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import { runBench } from "../../agent/bench/bench.js";
import { compare, takeTurns } from "../../agent/bench/compare.js";
import { tail } from "../../agent/bench/figures.js";
import { demandGate } from "../../agent/bench/gate.js";
import type { WatchOptions } from "../../agent/line/line-of.js";
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

comparison("the sides are first in turn, the agent next to each of the others", async () => {
  const order: string[] = [];
  const side = (name: string, fps: number) => async () => {
    order.push(name);
    return fps;
  };
  const sides = { bareFps: side("b", 20), agentFps: side("a", 18), rigFps: side("r", 19) };
  const rounds = await takeTurns(sides, 3, (round) => order.push(String(round)));
  assert.is(order.join(""), "1bar2rab3bar");
  assert.equal(rounds[1], { bareFps: 20, agentFps: 18, rigFps: 19 });
});

comparison("one disturbed round moves neither the ratio nor the rates; a drift of the machine cancels out", () => {
  const steady = { bareFps: 20, agentFps: 18, rigFps: 18 };
  const disturbed = compare([steady, steady, { bareFps: 20, agentFps: 4, rigFps: 18 }]);
  assert.equal(disturbed, { ceilingFps: 20, endToEndFps: 18, ratio: 0.9, rigFps: 18, ratioOfRig: 1 });
  const drifting = [1, 0.9, 0.8, 0.7].map((speed) => ({
    bareFps: 20 * speed,
    agentFps: 19 * speed,
    rigFps: 20 * speed,
  }));
  assert.ok(Math.abs(compare(drifting).ratio - 0.95) < 1e-9);
  assert.ok(Math.abs(compare(drifting).ratioOfRig - 0.95) < 1e-9);
});

comparison.run();

const figures = suite("figures");

figures("p99.9 is of a thousand samples or more: of fewer it would be chance", () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => count - index);
  assert.equal(tail(upTo(999)), { p50: 500, p99: 990, p999: null });
  assert.equal(tail(upTo(2_000)), { p50: 1_000, p99: 1_980, p999: 1_998 });
});

figures.run();

const bench = suite("bench");

function* forever(): Generator<number> {
  for (;;) yield 7;
}

bench("yields every figure of the contract, the agent's from what a subscriber received", async () => {
  const watchCamera = (options: WatchOptions) => fakeCamera(options.camera.id, forever()).watch(options);
  const said: string[] = [];
  const result = await runBench({
    bundle: await writeTinyBundle(),
    seconds: 1,
    threads: 1,
    watchCamera,
    segmentMs: 250,
    cameras: 3,
    liveView: 2,
    parts: 60,
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
  assert.ok(result.rigFps > 0 && result.ratioOfRig > 0);
  const { count, leastFps, mostFps, eventLoopDelayMs: delay } = result.cameras!;
  assert.is(count, 3);
  assert.ok(leastFps > 0 && leastFps <= mostFps, "every camera is judged");
  assert.ok(delay.p99 > 0 && delay.p99 <= delay.worst);
  const { cameras, fps, lookedAtFps, share, picturesPerSecond } = result.liveView!;
  assert.is(cameras, 2);
  assert.ok(fps > 0 && lookedAtFps > 0 && share > 0, JSON.stringify(result.liveView));
  assert.ok(picturesPerSecond > 0, "the page is shown pictures");
  const latencies = result.parts!.latencies;
  assert.equal(
    latencies.map(({ cameras, verdicts, unjudged }) => [cameras, verdicts, unjudged]),
    [
      [1, 60, 0],
      [4, 60, 0],
    ],
    "a verdict for each part that was triggered",
  );
  for (const { triggerMs, pictureMs } of latencies) {
    assert.ok(0 < triggerMs.p50 && triggerMs.p50 <= triggerMs.p99 && triggerMs.p999 === null);
    // Of a clock with whole milliseconds.
    assert.ok(pictureMs.p50 > 0 && pictureMs.p50 < triggerMs.p50 + 2);
  }
  assert.ok(said.length >= 4);
});

bench.run();
