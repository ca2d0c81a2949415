import { join } from "node:path";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { StatePayload } from "../../agent/contract/payloads.js";
import { type ImagePolicy, imageHealth } from "../../agent/health/image-health.js";
import { imagePolicy } from "../../agent/health/image-policy.js";
import type { Outcome } from "../../agent/types.js";
import { packageRoot } from "../../config/package-root.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { partRandom } from "../../models/demo-line/dataset.js";
import { createDemoLine, DEFECT_TYPES } from "../../models/demo-line/index.js";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { DEFAULT_LIMITS, imageFault } from "../../models/pictures/image-fault.js";
import { pictureStats } from "../../models/pictures/picture-stats.js";
import { fakeCamera } from "../fakes/camera.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { demo, load } from "../support/config-machine.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const policy: ImagePolicy = { black: 0.999, saturated: 0.99, frozenAfter: 3, blurred: 0.3, obstructed: 0.5 };
const size = { width: 256, height: 256 };

const pictures = suite("image health of one picture");
pictures("training goes by the limits of a camera that configures none", () => {
  const { black, saturated, blurred, obstructed } = imagePolicy(load(demo).cameras[0]!);
  assert.equal({ black, saturated, blurred, obstructed }, DEFAULT_LIMITS);
});
const line = createDemoLine();
let baseline: ImageBaseline;
pictures.before(async () => {
  baseline = (await readBundle(join(packageRoot(), "models/demo"))).manifest.imageHealth!;
});

type Pixels = Uint8Array<ArrayBuffer>;
const faultOf = (pixels: Pixels) =>
  imageFault(pictureStats(pixels, size.width, size.height), policy, baseline)?.code ?? null;
const part = (index: number, defect: (typeof DEFECT_TYPES)[number] | null = null) =>
  line.renderPart({ random: partRandom(7, "test", defect, index), size, defect }).pixels;

/** Means over a square, as a lens out of focus makes them, with the sensor's noise as it was. */
function blurred(pixels: Pixels, reach: number): Pixels {
  const { width, height } = size;
  const along = (from: ArrayLike<number>, step: number): Float64Array =>
    Float64Array.from(from, (_, at) => {
      let sum = 0;
      for (let d = -reach; d <= reach; d += 1) {
        const to = at + d * step;
        sum += (to >= 0 && to < width * height * 3 ? from[to] : from[at])!;
      }
      return sum / (2 * reach + 1);
    });
  const smooth = along(along(pixels, 3), 3 * width);
  return Uint8Array.from(smooth, (value, at) => value + ((at * 7919) % 5) - 2);
}

/** The left part of the view behind a grey card. */
function covered(pixels: Pixels, share: number): Pixels {
  const { width } = size;
  return pixels.map((value, at) => (Math.floor(at / 3) % width < share * width ? 60 + ((at * 7919) % 5) : value));
}

pictures("parts are parts, good or bad", () => {
  for (let index = 0; index < 6; index += 1) {
    assert.is(faultOf(part(index)), null);
    for (const defect of DEFECT_TYPES) assert.is(faultOf(part(index, defect)), null, defect);
  }
});
pictures("a closed lens, with or without the range of video, and a sensor at its end", () => {
  for (const level of [0, 16]) assert.is(faultOf(greyFrame(level, size).pixels), "IMAGE_BLACK");
  assert.is(faultOf(greyFrame(255, size).pixels), "IMAGE_SATURATED");
  const speck = greyFrame(0, size).pixels;
  speck.fill(200, 0, 3 * 256 * 40);
  assert.is(imageFault(pictureStats(speck, 256, 256), policy), null, "parts in the dark show the little that is lit");
});
pictures("out of focus is told from covered", () => {
  for (let index = 0; index < 4; index += 1) {
    assert.is(faultOf(blurred(part(index), 3)), "IMAGE_BLURRED");
    assert.is(faultOf(covered(part(index), 1)), "IMAGE_OBSTRUCTED");
    assert.is(faultOf(covered(part(index), 0.7)), "IMAGE_OBSTRUCTED");
    assert.is(faultOf(covered(part(index), 0.2)), null, "a hand at the edge is the model's to judge");
  }
});
pictures("a bundle without a baseline has the absolute checks only", () => {
  assert.is(imageFault(pictureStats(blurred(part(0), 3), 256, 256), policy), null);
  assert.is(imageFault(pictureStats(greyFrame(0, size).pixels, 256, 256), policy)?.code, "IMAGE_BLACK");
});
pictures("each limit can be off", () => {
  const off: ImagePolicy = { black: null, saturated: null, frozenAfter: null, blurred: null, obstructed: null };
  for (const pixels of [greyFrame(0, size).pixels, greyFrame(255, size).pixels, blurred(part(0), 3)]) {
    assert.is(imageFault(pictureStats(pixels, 256, 256), off, baseline), null);
  }
});
pictures("any size has its figures", () => {
  for (const [width, height] of [
    [1, 1],
    [2, 1],
    [16, 16],
    [37, 5],
    [300, 1000],
  ] as const) {
    const { luminance, tiles } = pictureStats(new Uint8Array(width * height * 3).fill(80), width, height);
    assert.is(luminance, width < 2 ? 0 : 80);
    assert.ok(tiles.length === 16 && tiles.every((tile) => tile === 0));
  }
});
pictures("what never repeats and what does not depends on the source", () => {
  const after = (source: Parameters<typeof cameraConfig>[1]) =>
    imagePolicy(cameraConfig("c", { health: { ...cameraConfig("c").health, enabled: true }, ...source })).frozenAfter;
  assert.is(after({ source: { type: "v4l2", device: "/dev/video0" } }), 10);
  assert.is(after({ source: { type: "images", path: "p", loop: true, watch: "off" } }), null);
  assert.equal(imagePolicy(cameraConfig("c")).black, null);
});

pictures.run();

const steady = suite("image health of a camera");

/** `.` good, `b` black, `x` failed otherwise, a digit that picture; a frame each. */
function outcomeOf(mark: string, number: number): Outcome {
  const frame = greyFrame(0, undefined, { number });
  if (mark === "x") return { kind: "failed", failure: { frame, code: "FRAME_SIZE", reason: "" } };
  const hash = /\d/.test(mark) ? Number(mark) : 100 + number;
  const picture = { luminance: 80, dark: mark === "b" ? 1 : 0, bright: 0, tiles: [], hash };
  const model = { name: "m", version: "1", sha256: "", provider: "cpu" };
  return {
    kind: "inspected",
    inspection: { frame, score: 0, map: new Float32Array(0), model, queueMs: 0, inferenceMs: 0, picture },
  };
}

/** `.` goes on to be judged, else what it failed for. */
function judges(input: string, output: string): void {
  new TestScheduler(assert.equal).run(({ cold, flush }) => {
    const letters = [...input].map((_, index) => String.fromCharCode(97 + index));
    const values = Object.fromEntries([...input].map((mark, index) => [letters[index]!, outcomeOf(mark, index)]));
    let seen = "";
    const marks = { IMAGE_BLACK: "b", IMAGE_FROZEN: "f", FRAME_SIZE: "x" } as Record<string, string>;
    cold(letters.join(""), values)
      .pipe(imageHealth(policy))
      .subscribe((outcome) => {
        seen += outcome.kind === "inspected" ? "." : marks[outcome.failure.code]!;
      });
    flush();
    assert.is(seen, output);
  });
}

steady("a picture that is no view is not judged; after one or two the next good one is", () => {
  // biome-ignore format: columns aligned
  judges(".b.bb.x.",
         ".b.bb.x.");
});
steady("after three it takes three good ones in a row", () => {
  // biome-ignore format: columns aligned
  judges("bbb..b.....b.",
         "bbbbbbbb...b.");
});
steady("the same picture again and again is a frozen camera, until it moves", () => {
  // biome-ignore format: columns aligned
  judges("1122333333...",
         "......ffffff.");
});

steady.run();

const whole = suite("image health of the agent");
let agent: RunningAgent | undefined;
whole.after.each(async () => {
  await agent?.stop();
});

whole("a camera in the dark is faulted, not full of defects, and recovers by itself", async () => {
  const camera = fakeCamera("cam1", null);
  const { deps, sent } = rig([camera], ["cam1"]);
  const health = { ...cameraConfig("cam1").health, enabled: true };
  agent = await startAgent(configOf([cameraConfig("cam1", { health })]), deps);
  await agent.started;
  const { ledger } = agent.cameras[0]!;
  const show = async (...levels: readonly number[]): Promise<void> => {
    const { captured } = ledger.counts();
    for (const level of levels) camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level) });
    await until(() => ledger.counts().captured === captured + levels.length && ledger.counts().inFlight === 0, "done");
  };
  const last = () => of<StatePayload>(sent, "cam1/state").at(-1)!;
  await show(40);
  assert.is(last().state, "ok");
  await show(255, 255, 255, 255, 255);
  assert.is(last().state, "faulted");
  assert.match(last().reason!, /^IMAGE_SATURATED/);
  await show(40, 40);
  assert.is(last().state, "faulted");
  await show(40, 40);
  assert.is(last().state, "ok");
  assert.equal(of(sent, "cam1/alert"), []);
  assert.is(of(sent, "cam1/score").length, 3);
  const { captured, scored, failed } = ledger.counts();
  assert.equal([captured, scored, failed], [10, 3, 7]);
});

whole.run();
