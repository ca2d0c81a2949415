import * as assert from "uvu/assert";
import type { FrameSource } from "../../agent/capture/frame-source.js";
import type { Size } from "../../agent/types.js";
import { suite } from "../support/suite.js";

export interface FrameSourceSetup {
  readonly input: Size;
  /** A source of exactly three pictures. */
  readonly three: () => FrameSource;
  /** A source that never delivers, or cannot be reached. */
  readonly dead: () => FrameSource;
}

/** What every FrameSource keeps to. */
export function frameSourceContract(name: string, prepare: () => Promise<FrameSourceSetup>): void {
  const test = suite(`frame source: ${name}`);
  let setup: FrameSourceSetup;
  test.before(async () => {
    setup = await prepare();
  });

  test("pictures of the asked size, each owning its memory, then the end; and again after a new start", async () => {
    const source = setup.three();
    for (let round = 0; round < 2; round += 1) {
      source.start();
      for (let index = 0; index < 3; index += 1) {
        const grab = await source.grab();
        assert.is(grab.kind, "picture", `round ${round}, picture ${index}`);
        if (grab.kind !== "picture") return;
        assert.is(grab.pixels.length, setup.input.width * setup.input.height * 3);
        assert.is(grab.pixels.buffer.byteLength, grab.pixels.length, "it can be transferred");
        assert.ok(grab.native.width > 0 && grab.native.height > 0);
      }
      assert.is((await source.grab()).kind, "ended");
      await source.stop();
    }
  });

  test("a stop ends a pending grab at once", async () => {
    const source = setup.dead();
    source.start();
    const pending = source.grab();
    const began = performance.now();
    await source.stop();
    assert.is((await pending).kind, "lost");
    assert.ok(performance.now() - began < 1_000, "within a second");
  });

  test("what is not started is lost, not an exception", async () => {
    const source = setup.three();
    assert.is((await source.grab()).kind, "lost");
    await source.stop();
  });

  test.run();
}
