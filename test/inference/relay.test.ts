import * as assert from "uvu/assert";
import type { Engine } from "../../agent/inference/engine.js";
import { Relay } from "../../agent/inference/engines/relay.js";
import type { Outcome } from "../../agent/types.js";
import { fakeEngine } from "../fakes/engine.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const test = suite("a change of engines");

/** An engine that answers when it is told to, and what it was asked, by number. */
function held() {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const engine: Engine = {
    ...fakeEngine(),
    inspect: (frame) =>
      new Promise<Outcome>((resolve) => {
        asked.push(frame.number);
        answers.push(() => resolve({ kind: "failed", failure: { frame, code: "INFERENCE_FAILED", reason: "" } }));
      }),
  };
  return { engine, asked, answer: () => answers.shift()!() };
}

const frame = (number: number) => greyFrame(0, undefined, { number });

test("what the old engine has is its own to the end; what comes meanwhile waits, and what comes next does not overtake it", async () => {
  const [old, next] = [held(), held()];
  const relay = new Relay(old.engine);
  const order: number[] = [];
  // As demand does: each answer asks for the next frame, in the same turn.
  let number = 2;
  const ask = async (mine: number): Promise<void> => {
    await relay.inspect(frame(mine));
    order.push(mine);
    if (number === 8) return;
    number += 1;
    await ask(number);
  };
  const asking = [ask(1), ask(2)];
  const change = relay.changeTo(next.engine);
  assert.equal([old.asked, next.asked], [[1, 2], []]);
  assert.is(relay.engine, old.engine);
  old.answer();
  old.answer();
  assert.is(await change, old.engine);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(
    [old.asked, next.asked],
    [
      [1, 2],
      [3, 4],
    ],
  );
  while (order.length < 8) {
    next.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(asking);
  assert.equal(order, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("an engine that has nothing to do is changed at once", async () => {
  const [old, next] = [held(), held()];
  const relay = new Relay(old.engine);
  await relay.changeTo(next.engine);
  void relay.inspect(frame(1));
  assert.equal([old.asked, next.asked], [[], [1]]);
});

test.run();
