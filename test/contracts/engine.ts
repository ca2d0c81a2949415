import * as assert from "uvu/assert";
import type { Engine } from "../../agent/inference/engine.js";
import type { Outcome } from "../../agent/types.js";
import { greyFrame, spottedFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

/**
 * What every Engine keeps. The engine made is of the tiny model: 16 x 16, the map is the grey level / 255, the score
 * its maximum.
 */
export function engineContract(name: string, make: () => Promise<Engine>): void {
  const test = suite(`engine contract: ${name}`);
  let engine: Engine;
  test.before.each(async () => {
    engine = await make();
  });
  test.after.each(async () => {
    await engine.close();
  });

  test("scores a frame and maps where the score comes from", async () => {
    const outcome = await engine.inspect(spottedFrame({ x: 4, y: 6, side: 3, level: 204 }));
    const { score, map } = inspected(outcome);
    near(score, 0.8);
    assert.is(map.length, 256);
    near(map[6 * 16 + 4]!, 0.8);
    near(map[5 * 16 + 4]!, 0);
  });

  test("gives the frame back with its pixels", async () => {
    const { frame } = inspected(await engine.inspect(greyFrame(17, undefined, { number: 42 })));
    assert.is(frame.number, 42);
    assert.is(frame.pixels.length, 768);
    assert.is(frame.pixels[767], 17);
  });

  test("names its model and the provider in use", async () => {
    const { model } = inspected(await engine.inspect(greyFrame(0)));
    assert.is(model.name, "tiny");
    assert.is(model.provider, engine.providers().used);
    assert.ok(engine.providers().tried.some(({ provider, taken }) => taken && provider === model.provider));
  });

  test("keeps frames and outcomes together when many are asked at once", async () => {
    const levels = Array.from({ length: 40 }, (_, index) => index * 5);
    const outcomes = await Promise.all(
      levels.map((level, number) => engine.inspect(greyFrame(level, undefined, { number }))),
    );
    outcomes.forEach((outcome, index) => {
      const { score, frame } = inspected(outcome);
      assert.is(frame.number, index);
      near(score, levels[index]! / 255);
    });
  });

  test("looks at the picture itself", async () => {
    const { picture } = inspected(await engine.inspect(greyFrame(204)));
    assert.is(picture!.luminance, 204);
    assert.equal([picture!.dark, picture!.bright], [0, 0]);
  });

  test("tells the times of waiting and inference", async () => {
    const { queueMs, inferenceMs } = inspected(await engine.inspect(greyFrame(0)));
    assert.ok(queueMs >= 0 && inferenceMs >= 0);
  });

  test("a frame of another size is a failed outcome, not an exception", async () => {
    const outcome = await engine.inspect(greyFrame(0, { width: 8, height: 8 }));
    assert.is(failureCode(outcome), "FRAME_SIZE");
  });

  test("after closing every frame is a failed outcome, and closing again is harmless", async () => {
    await engine.close();
    await engine.close();
    assert.is(failureCode(await engine.inspect(greyFrame(0))), "ENGINE_CLOSED");
  });

  test("frames that wait while it closes still get an outcome", async () => {
    const asked = Array.from({ length: 20 }, () => engine.inspect(greyFrame(9)));
    await engine.close();
    for (const outcome of await Promise.all(asked)) {
      assert.ok(outcome.kind === "inspected" || outcome.failure.code === "ENGINE_CLOSED");
    }
  });

  test.run();
}

export function inspected(outcome: Outcome) {
  if (outcome.kind === "failed") throw new Error(`${outcome.failure.code}: ${outcome.failure.reason}`);
  return outcome.inspection;
}

export function failureCode(outcome: Outcome): string {
  return outcome.kind === "failed" ? outcome.failure.code : "none: it was inspected";
}

export function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-5, `${actual} is not ${expected}`);
}
