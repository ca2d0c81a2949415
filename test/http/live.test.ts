import * as assert from "uvu/assert";
import { type Live, openLive } from "../../agent/http/live.js";
import type { Frame } from "../../agent/types.js";
import { greyFrame, inspectionOf } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("live pictures");
let live: Live;
test.after.each(() => live.close());

interface Rig {
  readonly asked: number[];
  /** Finishes the picture that is being encoded. */
  finish(error?: Error): Promise<void>;
  readonly failures: string[];
}

/** Encodes a frame as its number, when it is told to. */
function rig(fps = 1_000): Rig {
  const asked: number[] = [];
  const failures: string[] = [];
  let settle: (error?: Error) => void = () => undefined;
  const encode = ({ number }: Frame): Promise<Uint8Array> => {
    asked.push(number);
    return new Promise((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve(Uint8Array.of(number)) : reject(error));
    });
  };
  live = openLive({ encode, fps, onFailed: (reason) => failures.push(reason) });
  return {
    asked,
    failures,
    finish: async (error) => {
      settle(error);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const push = (number: number, camera = "cam1") => live.push(inspectionOf(greyFrame(0, undefined, { camera, number })));

test("nothing is encoded while nobody looks; who comes sees the newest at once", async () => {
  const { asked, finish } = rig();
  for (let n = 1; n <= 5; n += 1) push(n);
  assert.equal(asked, []);
  const seen: number[] = [];
  const end = live.watch("cam1", ([n]) => seen.push(n!));
  assert.equal(asked, [5]);
  await finish();
  assert.equal(seen, [5]);
  end();
  push(6);
  assert.equal(asked, [5]);
});

test("frames that come while one is encoded: the newest of them is next", async () => {
  const { asked, finish } = rig();
  live.watch("cam1", () => undefined);
  for (let n = 1; n <= 4; n += 1) push(n);
  assert.equal(asked, [1]);
  await finish();
  await until(() => asked.length === 2, "the next picture");
  assert.equal(asked, [1, 4]);
});

test("one encoding for all who look at a camera, none for those who look at another", async () => {
  const { asked, finish } = rig();
  const seen: string[] = [];
  for (const who of ["a", "b"]) live.watch("cam1", ([n]) => seen.push(`${who}${n}`));
  live.watch("cam2", ([n]) => seen.push(`c${n}`));
  push(1);
  await finish();
  assert.equal(asked, [1]);
  assert.equal(seen, ["a1", "b1"]);
});

test("no more pictures a second than configured, however many frames come", async () => {
  const { asked, finish } = rig(20);
  live.watch("cam1", () => undefined);
  const startedAtMs = performance.now();
  for (let n = 1; asked.length < 4; n += 1) {
    push(n);
    await finish();
  }
  assert.ok(performance.now() - startedAtMs >= 145, "three pauses of 50 ms");
});

test("a picture that cannot be encoded is counted, and the next one is tried", async () => {
  const { asked, finish, failures } = rig();
  live.watch("cam1", () => undefined);
  push(1);
  await finish(new Error("no memory"));
  push(2);
  await until(() => asked.length === 2, "the next picture");
  assert.equal([failures, live.failed()], [["no memory"], 1]);
});

test.run();
