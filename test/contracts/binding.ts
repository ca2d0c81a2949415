import * as assert from "uvu/assert";
import { loadBinding } from "../../agent/inference/binding.js";
import type { Binding, Session, SessionOptions } from "../../agent/inference/providers/session.js";
import type { Runtime } from "../../models/onnx/runtime.js";
import { greyFrame, spottedFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { near } from "./engine.js";

const SIZE = { width: 16, height: 16 };
const OPTIONS: SessionOptions = {
  executionProviders: [{ name: "cpu" }],
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  logSeverityLevel: 4,
  extra: { session: { intra_op: { spin_duration_us: "50" } } },
};

/** What every build of ONNX Runtime's binding keeps, whatever providers it has beside the CPU. The model is the tiny one: see engineContract. */
export function bindingContract(
  name: string,
  make: () => Promise<{ readonly runtime: Runtime; readonly model: Uint8Array }>,
): void {
  const test = suite(`binding contract: ${name}`);
  const sessions: Session[] = [];
  let binding: Binding;
  let model: Uint8Array;
  test.before.each(async () => {
    const made = await make();
    binding = loadBinding(made.runtime);
    model = made.model;
  });
  test.after.each(async () => {
    for (const session of sessions.splice(0)) await session.close();
  });
  const open = async (options: SessionOptions = OPTIONS): Promise<Session> => {
    const session = await binding.open(model, SIZE, options);
    sessions.push(session);
    return session;
  };

  test("names the providers that it was built with, the CPU among them", () => {
    const cpu = binding.backends.find((backend) => backend.name === "cpu");
    assert.is(cpu?.bundled, true);
    for (const { providerOptions } of binding.backends) assert.type(providerOptions ?? false, "boolean");
  });

  test("opens a model from its bytes and computes batches of any size, one session beside another", async () => {
    const [one, two] = [await open(), await open()];
    const frames = [greyFrame(51), spottedFrame({ x: 4, y: 6, side: 3, level: 204 }), greyFrame(0)];
    for (const session of [one, two, one]) {
      for (let count = 1; count <= frames.length; count += 1) {
        const { scores, maps } = await session.infer(frames.slice(0, count).map(({ pixels }) => pixels.buffer));
        assert.equal([scores.length, maps.length], [count, 256 * count]);
        near(scores[0]!, 0.2);
        if (count > 1) near(maps[256 + 6 * 16 + 4]!, 0.8);
      }
    }
  });

  test("leaves the frames that it was given as they were", async () => {
    const { pixels } = greyFrame(77);
    await (await open()).infer([pixels.buffer]);
    assert.ok(pixels.every((value) => value === 77));
  });

  test("takes a number of threads, and entries of ONNX Runtime's configuration", async () => {
    const session = await open({
      ...OPTIONS,
      intraOpNumThreads: 2,
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
    near((await session.infer([greyFrame(102).pixels.buffer])).scores[0]!, 0.4);
  });

  test("refuses what is no model, and a provider that it has not, with a reason", async () => {
    const reasonOf = (opening: Promise<unknown>) =>
      opening.then(
        () => "",
        (error: Error) => error.message,
      );
    assert.ok((await reasonOf(binding.open(new Uint8Array(64), SIZE, OPTIONS))).length > 0);
    const bogus = { ...OPTIONS, executionProviders: [{ name: "bogus" }] };
    assert.ok((await reasonOf(binding.open(model, SIZE, bogus))).length > 0);
  });

  test.run();
}
