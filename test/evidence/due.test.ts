import * as assert from "uvu/assert";
import { pictureDue } from "../../agent/evidence/due.js";
import { recentFrames } from "../../agent/evidence/recent.js";
import type { AlertStep, Inspection } from "../../agent/types.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const model = { name: "tiny", version: "1", sha256: "0".repeat(64), provider: "cpu" };

function step(id: string, phase: AlertStep["phase"], score = 1, camera = "cam1"): AlertStep {
  const rest = {
    tsMs: 0,
    threshold: 0.5,
    calibration: null,
    peak: score,
    durationMs: 0,
    frames: 1,
    raises: 1,
    regions: [],
    model,
    context: null,
  };
  return { id, phase, camera, score, ...rest };
}

const always = (of: ReturnType<typeof pictureDue>) => (each: AlertStep) => of(each, true);

const due = suite("which steps get a picture");

due("the raising one, and one whose score has grown by a quarter, up to three an alert", () => {
  const of = always(pictureDue(() => 0));
  assert.is(of(step("a", "raised", 1)), "due");
  assert.is(of(step("a", "updated", 1.2)), "not-due");
  assert.is(of(step("a", "updated", 1.3)), "due");
  assert.is(of(step("a", "updated", 1.5)), "not-due", "held against the last picture");
  assert.is(of(step("a", "updated", 2)), "due");
  assert.is(of(step("a", "updated", 9)), "not-due", "the fourth");
  for (const phase of ["cleared", "acknowledged", "shelved"] as const) assert.is(of(step("a", phase, 99)), "not-due");
});

due("a storm is thinned out beyond four at once and two a second, one camera's without the other's", () => {
  let nowMs = 0;
  const of = always(pictureDue(() => nowMs));
  const storm = (camera: string) =>
    Array.from({ length: 10 }, (_, n) => of(step(`${camera}-${nowMs}-${n}`, "raised", 1, camera)));
  const count = (all: string[]) => all.filter((each) => each === "due").length;
  assert.is(count(storm("cam1")), 4);
  assert.is(count(storm("cam2")), 4);
  nowMs = 1_000;
  assert.is(count(storm("cam1")), 2);
});

due("an alert whose raising was left out gets its picture when it goes on", () => {
  let nowMs = 0;
  const of = always(pictureDue(() => nowMs));
  for (let n = 0; n < 4; n += 1) of(step(`x${n}`, "raised"));
  assert.is(of(step("a", "raised", 1)), "rate");
  nowMs = 1_000;
  assert.is(of(step("a", "updated", 1)), "due");
});

due("a step whose frame is gone has none, and costs nothing", () => {
  const of = pictureDue(() => 0);
  for (let n = 0; n < 10; n += 1) assert.is(of(step(`x${n}`, "raised"), false), "late");
  assert.is(of(step("a", "raised"), true), "due");
});

due.run();

const ring = suite("recent frames");

function inspection(number: number, camera = "cam1", level = 0): Inspection {
  const frame = greyFrame(level, undefined, { camera, number, capturedAtMs: 1_000 + number });
  return { frame, score: 0, map: new Float32Array(256), model, queueMs: 0, inferenceMs: 0 };
}

ring("holds each camera's newest, oldest first, by reference", () => {
  const recent = recentFrames({ frames: 3, bytes: 1e6, cameras: 2 });
  const all = Array.from({ length: 5 }, (_, n) => inspection(n));
  for (const each of all) recent.push(each);
  recent.push(inspection(1, "cam2"));
  const frames = recent.frames("cam1");
  assert.equal(
    frames.map(({ number }) => number),
    [2, 3, 4],
  );
  assert.is(frames[2]!.pixels, all[4]!.frame.pixels);
  assert.is(recent.frames("cam2").length, 1);
  assert.equal(recent.frames("nobody"), []);
});

ring("is bounded in bytes over all cameras, but for each one's newest", () => {
  const recent = recentFrames({ frames: 100, bytes: 768 * 10, cameras: 2 });
  for (let n = 0; n < 20; n += 1) recent.push(inspection(n));
  assert.is(recent.frames("cam1").length, 5);
  const none = recentFrames({ frames: 100, bytes: 10, cameras: 1 });
  for (let n = 0; n < 3; n += 1) none.push(inspection(n));
  assert.is(none.frames("cam1").length, 1);
});

ring("knows the map of the newest only", () => {
  const recent = recentFrames({ frames: 3, bytes: 1e6, cameras: 1 });
  recent.push(inspection(1));
  recent.push(inspection(2));
  assert.is(recent.inspectionAt("cam1", 1_001), null);
  assert.is(recent.inspectionAt("cam1", 1_002)!.frame.number, 2);
});

ring.run();
