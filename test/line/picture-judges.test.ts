import * as assert from "uvu/assert";
import type { LoadedModel } from "../../agent/inference/load.js";
import { pictureJudges } from "../../agent/line/picture-judges.js";
import { fakeEngine } from "../fakes/engine.js";
import { cameraConfig } from "../support/config.js";
import { pngOf } from "../support/png.js";
import { suite } from "../support/suite.js";

const test = suite("pictures that somebody sends");
const picture = pngOf(new Uint8Array(3 * 16 * 16).fill(90), { width: 16, height: 16 });

test("a picture is followed by three times what it took, decoding and inference, without one", async () => {
  const engine = fakeEngine();
  const slow: LoadedModel["engine"] = {
    ...engine,
    inspect: async (frame) => {
      const outcome = await engine.inspect(frame);
      if (outcome.kind === "failed") return outcome;
      return { kind: "inspected", inspection: { ...outcome.inspection, inferenceMs: 40 } };
    },
  };
  const rests: number[] = [];
  const of = pictureJudges({
    cameras: [],
    modelNames: ["plate"],
    models: new Map([["plate", { engine: slow, calibration: null }]]),
    pause: async (ms) => rests.push(ms),
  });
  const found = of("plate");
  assert.is(found.kind, "judge");
  if (found.kind !== "judge") return;
  const here = new AbortController();
  await found.judge.inspect(picture, here.signal);
  assert.equal(rests, []);
  await found.judge.inspect(picture, here.signal);
  assert.is(rests.length, 1);
  assert.ok(rests[0]! > 3 * 40, "of the inference, and of decoding");
  here.abort();
  assert.is(await found.judge.inspect(picture, here.signal), null, "nobody waits for it any more");
});

test("the threshold is the one in force when the picture's turn comes", async () => {
  const model: LoadedModel = { engine: fakeEngine(), calibration: null };
  let threshold = 0.9;
  const camera = { config: cameraConfig("cam1"), enabled: true, model: () => model, threshold: () => threshold };
  const pause = () => Promise.resolve();
  const found = pictureJudges({ cameras: [camera], modelNames: ["plate"], models: new Map(), pause })("cam1");
  assert.is(found.kind, "judge");
  if (found.kind !== "judge") return;
  const { signal } = new AbortController();
  assert.is((await found.judge.inspect(picture, signal))!.verdict, "ok");
  const waits = found.judge.inspect(picture, signal);
  threshold = 0.1;
  const { verdict, threshold: held } = (await waits)!;
  assert.equal([verdict, held], ["ng", 0.1]);
});

test("an engine that is away makes a picture unknown, with its code", async () => {
  const engine = fakeEngine();
  await engine.close();
  const models = new Map([["plate", { engine, calibration: null }]]);
  const found = pictureJudges({ cameras: [], modelNames: ["plate"], models })("plate");
  assert.is(found.kind, "judge");
  if (found.kind !== "judge") return;
  const { verdict, reason, score } = (await found.judge.inspect(picture, new AbortController().signal))!;
  assert.equal([verdict, score], ["unknown", null]);
  assert.match(reason!, /^ENGINE_CLOSED: /);
});

test.run();
