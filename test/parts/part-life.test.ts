import * as assert from "uvu/assert";
import { PER_CONTEXT, PartRig as Rig } from "../support/part-rig.js";
import { suite } from "../support/suite.js";

const test = suite("parts");

test("each picture is a part: bad is ng with its regions, good is ok, above the threshold strictly", () => {
  const rig = new Rig();
  for (const [number, score] of [
    [1, 0.9],
    [2, 0.5],
    [3, 0.1],
  ] as const) {
    rig.comes(number);
    rig.nowMs += 20;
    rig.judged(number, score);
  }
  assert.equal(rig.short, ["1 ng", "2 ok", "3 ok"]);
  const [bad, good] = rig.seen;
  assert.equal([bad!.regions.length, good!.regions.length], [1, 0]);
  assert.equal([bad!.score, bad!.threshold, bad!.frame, bad!.frames, bad!.latencyMs], [0.9, 0.5, 1, 1, 25]);
  assert.equal([bad!.reason, bad!.unknownIs], [null, null]);
  assert.equal(rig.life.counts, { ok: 2, ng: 1, unknown: 0, late: 0 });
});

test("bad parts get a picture, and one of so many good ones; what is unknown gets none", () => {
  const picturesOf = (pictures: { ng: boolean; okEvery: number }): boolean[] => {
    const rig = new Rig({ pictures });
    for (const [number, score] of [0.9, 0.1, 0.1, 0.1, 0.1, 0.9].entries()) {
      rig.comes(number);
      rig.judged(number, score);
    }
    rig.unreadable();
    return rig.pictured;
  };
  const [yes, no] = [true, false];
  assert.equal(picturesOf({ ng: true, okEvery: 0 }), [yes, no, no, no, no, yes, no]);
  assert.equal(picturesOf({ ng: false, okEvery: 2 }), [no, no, yes, no, yes, no, no]);
});

test("verdicts come in the order of the pictures, though a later one is judged first", () => {
  const rig = new Rig();
  for (const number of [1, 2, 3]) rig.comes(number, { part: `p${number}` });
  rig.judged(3, 0.1);
  rig.judged(2, 0.9);
  assert.equal(rig.short, []);
  rig.judged(1, 0.1);
  assert.equal(rig.short, ["p1 ok", "p2 ng", "p3 ok"]);
});

test("what could not be judged is unknown with the reason, in its place, and never ok", () => {
  const rig = new Rig();
  rig.comes(1);
  rig.drops(2);
  rig.unreadable();
  rig.comes(2);
  rig.judged(2, 0.1);
  assert.equal(rig.short, []);
  rig.fails(1);
  assert.equal(rig.short, ["1 unknown", "2 unknown", "3 unknown", "4 unknown", "5 ok"]);
  assert.equal(
    rig.seen.map(({ reason }) => reason?.split(":")[0] ?? null),
    ["IMAGE_BLACK", "dropped", "dropped", "IMAGE_UNREADABLE", null],
  );
  assert.equal(
    rig.seen.map(({ unknownIs }) => unknownIs),
    ["ng", "ng", "ng", "ng", null],
  );
  assert.equal([rig.seen[1]!.score, rig.seen[1]!.frames, rig.seen[1]!.latencyMs], [null, 0, null]);
});

test("a camera that runs free leaves pictures out: they are no parts", () => {
  const rig = new Rig({ countsDropped: false, unknownIs: "ok" });
  rig.drops(5);
  rig.comes(1);
  rig.fails(1);
  assert.equal(rig.short, ["1 unknown"]);
  assert.is(rig.seen[0]!.unknownIs, "ok");
});

test("a part of three pictures: the worst decides, and a missing one makes it unknown unless another is bad", () => {
  const rig = new Rig({ per: { kind: "frames", frames: 3 } });
  const part = (first: number, scores: readonly (number | null)[]) =>
    scores.forEach((score, index) => {
      rig.comes(first + index);
      if (score === null) rig.fails(first + index);
      else rig.judged(first + index, score);
    });
  part(1, [0.1, 0.9, 0.2]);
  part(4, [0.1, 0.2, 0.3]);
  part(7, [0.1, null, 0.3]);
  part(10, [0.9, null, 0.3]);
  rig.drops(1);
  rig.comes(13);
  rig.judged(13, 0.1);
  rig.comes(14);
  rig.judged(14, 0.1);
  assert.equal(rig.short, ["1 ng", "2 ok", "3 unknown", "4 ng", "5 unknown"]);
  assert.equal(
    rig.seen.map(({ frame, frames, score }) => [frame, frames, score]),
    [
      [2, 3, 0.9],
      [6, 3, 0.3],
      [9, 2, 0.3],
      [10, 2, 0.9],
      [13, 2, 0.1],
    ],
  );
});

test("a part of a context lasts until another is named, with the pictures that came in between", () => {
  const rig = new Rig(PER_CONTEXT);
  rig.comes(1);
  rig.judged(1, 0.9);
  assert.equal(rig.short, [], "nobody named a part");
  rig.says("a");
  rig.comes(2, { part: "a" });
  rig.comes(3, { part: "a" });
  rig.says("b");
  rig.comes(4, { part: "b" });
  rig.judged(4, 0.1);
  rig.judged(2, 0.9);
  assert.equal(rig.short, [], "one of its pictures is being judged");
  rig.judged(3, 0.1);
  assert.equal(rig.short, ["a ng"]);
  rig.says("c");
  assert.equal(rig.short, ["a ng", "b ok"]);
  rig.says("d");
  rig.says(null);
  rig.comes(5);
  rig.judged(5, 0.9);
  assert.equal(rig.short, ["a ng", "b ok", "c unknown", "d unknown"], "no picture came of them");
  assert.is(rig.seen[2]!.reason, "no-picture: no picture of the part came");
});

test("a part of a context that was named before the camera began is a part, too", () => {
  const rig = new Rig(PER_CONTEXT);
  rig.comes(1, { part: "a" });
  rig.judged(1, 0.1);
  rig.says("b");
  assert.equal(rig.short, ["a ok"]);
});

test("a part of a context that the camera's stop ended has no second verdict when it is started again", () => {
  const rig = new Rig(PER_CONTEXT);
  rig.says("a");
  rig.comes(1, { part: "a" });
  rig.judged(1, 0.1);
  rig.ends();
  rig.comes(2, { part: "a" });
  rig.judged(2, 0.1);
  rig.comes(3, { part: "b" });
  rig.judged(3, 0.1);
  rig.says(null);
  assert.equal(rig.short, ["a unknown", "b ok"]);
});

test("a part of a context is over by time; what comes after is of no part", () => {
  const rig = new Rig({ ...PER_CONTEXT, closeAfterMs: 500 });
  rig.says("a");
  rig.comes(1, { part: "a" });
  rig.judged(1, 0.1);
  rig.nowMs += 499;
  rig.tick();
  assert.equal(rig.short, []);
  rig.nowMs += 1;
  rig.tick();
  assert.equal(rig.short, ["a ok"]);
  rig.comes(2, { part: "a" });
  rig.judged(2, 0.9);
  rig.says("b");
  rig.nowMs += 500;
  rig.tick();
  assert.equal(rig.short, ["a ok", "b unknown"]);
});

test("a verdict after the deadline says that it is late, and is unknown where the line wants it so", () => {
  for (const lateIsUnknown of [false, true]) {
    const rig = new Rig({ deadlineMs: 100, lateIsUnknown });
    for (const [number, tookMs] of [
      [1, 95],
      [2, 96],
      [3, 96],
    ] as const) {
      rig.comes(number);
      rig.nowMs += tookMs;
      rig.judged(number, number === 3 ? 0.9 : 0.1);
    }
    assert.equal(rig.short, lateIsUnknown ? ["1 ok", "2 unknown", "3 unknown"] : ["1 ok", "2 ok", "3 ng"]);
    assert.equal(
      rig.seen.map(({ late, deadlineMs }) => [late, deadlineMs]),
      [
        [false, 100],
        [true, 100],
        [true, 100],
      ],
    );
    assert.is(rig.life.counts.late, 2);
  }
});

test("while the model is known to miss defects no part is ok; one that it finds bad is ng all the same", () => {
  const rig = new Rig();
  const part = (number: number, score: number) => {
    rig.comes(number);
    rig.judged(number, score);
  };
  rig.fault = "SELF_TEST_FAILED: 1 of 3";
  part(1, 0.1);
  part(2, 0.9);
  rig.fault = null;
  part(3, 0.1);
  assert.equal(rig.short, ["1 unknown", "2 ng", "3 ok"]);
  assert.is(rig.seen[0]!.reason, "faulted: SELF_TEST_FAILED: 1 of 3");
});

test("a camera that is stopped leaves no part without a verdict, and goes on counting after", () => {
  const rig = new Rig({ per: { kind: "frames", frames: 2 } });
  for (const number of [1, 2, 3]) rig.comes(number);
  rig.judged(1, 0.9);
  rig.ends();
  assert.equal(rig.short, ["1 ng", "2 unknown"]);
  assert.ok(rig.seen[1]!.reason!.startsWith("stopped: "));
  rig.judged(2, 0.1);
  for (const number of [1, 2]) {
    rig.comes(number);
    rig.judged(number, 0.1);
  }
  assert.equal(rig.short, ["1 ng", "2 unknown", "3 ok"]);
});

test.run();
