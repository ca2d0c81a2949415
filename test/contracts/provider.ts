import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Choice, chooseProvider } from "../../agent/inference/providers/choose.js";
import type { Binding, Wish } from "../../agent/inference/providers/session.js";
import { CodedError } from "../../errors.js";
import { temporaryFolder } from "../support/config.js";
import { greyFrame, spottedFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { near } from "./engine.js";

export const TINY_WISH: Wish = {
  precision: "fp32",
  input: { width: 16, height: 16 },
  threads: 1,
  batchSizes: [1, 2, 4],
  device: 0,
  build: null,
};

/** What every provider keeps through every binding that has it. The model is the tiny one: see engineContract. */
export function providerContract(
  name: string,
  provider: string,
  make: () => Promise<{ readonly binding: Binding; readonly model: Uint8Array }>,
): void {
  const test = suite(`provider contract: ${name}`);
  let binding: Binding;
  let model: Uint8Array;
  let choice: Choice | undefined;
  test.before.each(async () => {
    ({ binding, model } = await make());
  });
  const close = async (): Promise<void> => {
    await choice?.session.close();
    choice = undefined;
  };
  const choose = async (order: readonly string[], wish: Partial<Wish> = {}): Promise<Choice> => {
    choice = await chooseProvider(order, binding, model, { ...TINY_WISH, ...wish });
    return choice;
  };
  test.after.each(close);

  test("scores a batch, and maps where each score comes from", async () => {
    const { session } = await choose([provider]);
    const frames = [greyFrame(51), spottedFrame({ x: 4, y: 6, side: 3, level: 204 })];
    const { scores, maps } = await session.infer(frames.map(({ pixels }) => pixels.buffer));
    near(scores[0]!, 0.2);
    near(scores[1]!, 0.8);
    near(maps[256 + 6 * 16 + 4]!, 0.8);
    near(maps[256 + 5 * 16 + 4]!, 0);
  });

  test("is reported as the one in use, with what of the settings reaches it", async () => {
    const { report } = await choose([provider, "bogus"]);
    assert.is(report.used, provider);
    assert.ok(report.reaches!.length > 0);
    assert.equal(report.tried[1], { provider: "bogus", taken: false, reason: "not needed" });
  });

  test("takes over from a provider that the binding is without, with the reason", async () => {
    const { report } = await choose(["bogus", provider]);
    assert.is(report.used, provider);
    assert.match(report.tried[0]!.reason, "without it");
  });

  test("opens for every precision, number of threads and size of batch, and with a place for its engine", async () => {
    for (const wish of [
      { precision: "fp16" },
      { precision: "int8", batchSizes: [1] },
      { threads: 0 },
      { build: { file: join(temporaryFolder(), "engine.onnx"), timingFolder: temporaryFolder() } },
    ] as const) {
      const { session } = await choose([provider], wish);
      near((await session.infer([greyFrame(102).pixels.buffer])).scores[0]!, 0.4);
      await close();
    }
  });

  test("where no provider can hold it the model is refused, with the reason of each", async () => {
    try {
      await chooseProvider(["bogus"], binding, model, TINY_WISH);
      assert.unreachable();
    } catch (error) {
      assert.ok(error instanceof CodedError);
      assert.is(error.code, "ENGINE_NO_PROVIDER");
      assert.match(error.message, "bogus: ");
    }
  });

  test.run();
}
