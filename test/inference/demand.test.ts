import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { frameDemand, MOST_IN_FLIGHT } from "../../agent/inference/demand.js";
import type { Outcome } from "../../agent/types.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const model = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" };
const map = new Float32Array(1);
const took = (inferenceMs: number): Outcome => ({
  kind: "inspected",
  inspection: { frame: greyFrame(0), score: 0, map, model, queueMs: 0, inferenceMs },
});
const outcomes = {
  s: took(50),
  q: took(0.5),
  f: { kind: "failed", failure: { frame: greyFrame(0), code: "INFERENCE_FAILED", reason: "x" } } as Outcome,
};

/** What is asked for after each outcome, the first two frames apart; `-` nothing. */
function asked(line: string): string {
  const counts: string[] = [];
  new TestScheduler(assert.equal).run(({ cold, flush }) => {
    const demand = frameDemand();
    let since = 0;
    demand.wanted$.subscribe((count) => {
      since += count;
    });
    assert.is(since, 2);
    since = 0;
    cold(line, outcomes)
      .pipe(demand.done())
      .subscribe(() => {
        counts.push(since === 0 ? "-" : String(since));
        since = 0;
      });
    flush();
  });
  return counts.join("");
}

const test = suite("frame demand");

test("a slow model's frame that is done asks for one more: two are in flight, never three", () => {
  assert.is(asked("ssss"), "1111");
});

test("a failed frame asks for the next all the same", () => {
  assert.is(asked("fsf"), "111");
});

test("a quick model gets more at once, up to a bound, and gives them back when it slows down", () => {
  assert.is(MOST_IN_FLIGHT, 8);
  assert.is(asked("qqqqqqqq"), "22222211");
  assert.is(asked("qqss"), "22--");
});

test.run();
