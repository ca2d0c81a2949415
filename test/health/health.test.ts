import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { cameraState, type StateCue } from "../../agent/health/camera-state.js";
import { Ledger, percentile } from "../../agent/health/ledger.js";
import { suite } from "../support/suite.js";

const ledgers = suite("ledger");

ledgers("captured = scored + dropped + failed + in flight after every step", () => {
  const ledger = new Ledger(0);
  const steps = [
    () => ledger.frameEntered(),
    () => ledger.frameEntered(),
    () => ledger.framesDropped("newer-frame", 4),
    () => ledger.frameScored(5),
    () => ledger.framesDropped("disabled", 1),
    () => ledger.frameFailed(),
    () => ledger.frameEntered(),
  ];
  for (const step of steps) {
    step();
    const { captured, scored, dropped, failed, inFlight } = ledger.counts();
    assert.is(captured, scored + (dropped["newer-frame"] ?? 0) + (dropped.disabled ?? 0) + failed + inFlight);
  }
  const counts = { captured: 8, scored: 1, dropped: { "newer-frame": 4, disabled: 1 }, failed: 1, inFlight: 1 };
  assert.equal(ledger.counts(), counts);
});

ledgers("rate and latency are the last interval's, the counts the whole run's", () => {
  const ledger = new Ledger(0);
  for (let n = 1; n <= 100; n += 1) {
    ledger.frameEntered();
    ledger.frameScored(n);
  }
  const first = ledger.health(10_000);
  assert.is(first.fps, 10);
  assert.equal(first.latencyMs, { p50: 50, p99: 99 });
  assert.is(first.share, 1);
  const second = ledger.health(20_000);
  assert.is(second.fps, 0);
  assert.is(second.latencyMs, null);
  assert.is(second.scored, 100);
});

ledgers("an interval of more frames than are kept still has its percentiles", () => {
  const ledger = new Ledger(0);
  for (let n = 0; n < 20_000; n += 1) {
    ledger.frameEntered();
    ledger.frameScored(7);
  }
  assert.equal(ledger.health(1_000).latencyMs, { p50: 7, p99: 7 });
});

ledgers("percentiles are by nearest rank", () => {
  assert.is(percentile([1], 0.99), 1);
  assert.is(percentile([1, 2, 3, 4], 0.5), 2);
  assert.is(percentile([1, 2, 3, 4], 0.99), 4);
});

ledgers.run();

const states = suite("camera state");

const condition = (
  name: Extract<StateCue, { kind: "condition" }>["condition"],
  reason: string | null = null,
): StateCue => ({
  kind: "condition",
  camera: "cam1",
  condition: name,
  reason,
});
const cues: Record<string, StateCue> = {
  d: condition("delivering"),
  i: condition("idle", "no trigger"),
  n: condition("no-signal", "unplugged"),
  e: condition("ended"),
  A: { kind: "alarm", active: true },
  a: { kind: "alarm", active: false },
  j: { kind: "judged" },
  f: { kind: "failed", reason: "SCORE_NOT_FINITE" },
};
const standings = {
  s: { state: "starting", reason: "waiting for the first picture" },
  u: { state: "starting", reason: "SCORE_NOT_FINITE" },
  o: { state: "ok", reason: null },
  x: { state: "anomalous", reason: null },
  i: { state: "idle", reason: "no trigger" },
  n: { state: "no-signal", reason: "unplugged" },
  e: { state: "idle", reason: "the source has ended", ended: true },
  f: { state: "faulted", reason: "SCORE_NOT_FINITE", awaited: true },
  q: { state: "faulted", reason: "SCORE_NOT_FINITE" },
};

function tells(input: string, output: string): void {
  new TestScheduler(assert.equal).run(({ hot, expectObservable }) => {
    expectObservable(hot(input, cues).pipe(cameraState())).toBe(output, standings);
  });
}

states("starting, then ok and anomalous with the alarm, at each change of it", () => {
  // biome-ignore format: columns aligned
  tells("-daaAAAaa", //
        "so--x--o-");
});
states("a camera without signal is that, and comes back as it left", () => {
  // biome-ignore format: columns aligned
  tells("-dAn-d", //
        "soxn-x");
});
states("no trigger is idle, not a fault", () => {
  // biome-ignore format: columns aligned
  tells("-didi", //
        "soioi");
});
states("a source that ended is idle", () => {
  // biome-ignore format: columns aligned
  tells("-de", //
        "soe");
});
states("at fault, pictures are awaited or not, as the source says", () => {
  // biome-ignore format: columns aligned
  tells("-dfffidn", //
        "so--fqfn");
});
states("three frames in a row that cannot be judged are a fault; two are not", () => {
  // biome-ignore format: columns aligned
  tells("-dffjffffj", //
        "so-----f-o");
});

states(
  "a source whose pictures all fail says why from the first on, and is at fault with the third, or at its end",
  () => {
    // biome-ignore format: columns aligned
    tells("-fff", //
        "su-f");
    // biome-ignore format: columns aligned
    tells("-ffe", //
        "su-q");
  },
);

states.run();
