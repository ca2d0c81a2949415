import * as assert from "uvu/assert";
import type { CameraState } from "../../agent/contract/payloads.js";
import { Liveness } from "../../agent/health/liveness.js";
import { Progress, silenceOf } from "../../agent/health/progress.js";
import { cameraConfig } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("whether the agent does its work");
const patience = { answersWithinMs: 140_000, silentMs: 120_000 };

interface Rig {
  readonly camera: {
    config: { id: string };
    standing: { state: CameraState; awaited?: true };
    progress: Progress | null;
  };
  /** A look each second. @returns after how many seconds something was stuck; null: never */
  look(seconds: number, each?: () => void): number | null;
  skip(seconds: number): void;
}

function rig(state: CameraState, progress: Progress | null = new Progress(patience)): Rig {
  let nowMs = 0;
  const camera: Rig["camera"] = { config: { id: "cam1" }, standing: { state }, progress };
  const liveness = new Liveness({ cameras: [camera], monotonicMs: () => nowMs });
  liveness.look();
  return {
    camera,
    look(seconds, each) {
      for (let second = 1; second <= seconds; second += 1) {
        nowMs += 1_000;
        each?.();
        if (liveness.look().length > 0) return second;
      }
      return null;
    },
    skip: (seconds) => {
      nowMs += seconds * 1_000;
    },
  };
}

test("frames that were captured and never judged are its end, whatever the camera's state is", () => {
  for (const state of ["ok", "anomalous", "idle", "no-signal"] as const) {
    const { camera, look } = rig(state);
    camera.progress!.heard(true);
    assert.is(look(1_000), 142, state);
  }
});

test("frames that are judged one after another, however slowly, are not", () => {
  const { camera, look } = rig("ok");
  for (let frame = 0; frame < 8; frame += 1) camera.progress!.heard(true);
  const slowly = (): void => {
    for (let seconds = 0; seconds < 8; seconds += 1) {
      assert.is(look(130), null);
      camera.progress!.settled();
    }
  };
  slowly();
});

test("a camera that is said to deliver, and of which nothing comes, is its end", () => {
  for (const state of ["ok", "anomalous", "starting"] as const) assert.is(rig(state).look(1_000), 121, state);
});

test("so is one whose pictures could not be judged, and of which none comes any more", () => {
  const { camera, look } = rig("faulted");
  camera.standing = { state: "faulted", awaited: true };
  assert.is(look(1_000), 121);
});

test("a camera without signal, a line that stands still, a disabled or faulted camera are not", () => {
  for (const state of ["no-signal", "idle", "disabled", "faulted"] as const)
    assert.is(rig(state).look(10_000), null, state);
});

test("a model that is still being loaded, for half an hour, is not", () => {
  assert.is(rig("starting", null).look(1_800), null);
});

test("pictures that are taken only when somebody asks may stay away", () => {
  const { camera, look } = rig("ok", new Progress({ ...patience, silentMs: null }));
  assert.is(look(10_000), null);
  camera.progress!.heard(true);
  assert.is(look(10_000), 142, "but not their judgement");
});

test("a machine that slept, or a process that was stopped, is given its time anew", () => {
  const { camera, look, skip } = rig("ok");
  camera.progress!.heard(true);
  for (let night = 0; night < 20; night += 1) {
    skip(36_000);
    assert.is(look(1), null);
  }
});

test("a camera that was started again is looked at from its start", () => {
  const { camera, look } = rig("ok");
  camera.progress!.heard(true);
  assert.is(look(100), null);
  camera.progress = new Progress(patience);
  assert.is(look(100), null);
});

test("a camera that delivers seldom by its configuration is waited for", () => {
  assert.is(silenceOf(cameraConfig("cam1")), 120_000);
  assert.is(silenceOf({ ...cameraConfig("cam1"), fps: 0.01 }), 600_000);
  assert.is(silenceOf({ ...cameraConfig("cam1"), noSignalAfterS: 600 }), 1_200_000);
});

test.run();
