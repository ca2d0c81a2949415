import { existsSync } from "node:fs";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { ContextAckPayload, VerdictPayload } from "../../agent/contract/part-payloads.js";
import type { AlertPayload, CommandOutcome, HealthPayload } from "../../agent/contract/payloads.js";
import type { CameraConfig } from "../../config/types.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { of, type Rig, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("parts on a line");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});
const bad = 250;
const good = 10;
const PARTS = cameraConfig("cam1").parts;

interface Station extends Rig {
  readonly camera: FakeCamera;
  readonly verdicts: () => VerdictPayload[];
  readonly ask: (command: string, args: object) => Promise<CommandOutcome>;
}

async function station(rest: Partial<CameraConfig>, camera = fakeCamera("cam1", null), deps = {}): Promise<Station> {
  const made = rig([camera], ["cam1"], deps);
  agent = await startAgent(configOf([cameraConfig("cam1", rest)]), made.deps);
  await agent.started;
  let asked = 0;
  return {
    ...made,
    camera,
    verdicts: () => of<VerdictPayload>(made.sent, "cam1/verdict"),
    ask: (command, args) =>
      new Promise((reply) => {
        asked += 1;
        const id = String(asked);
        made.command$.next({ command, id, args: { id, ...args }, via: "mqtt", by: null, fault: null, reply });
      }),
  };
}

function comes({ camera }: Station, number: number, level: number): void {
  const at = { number, availableAtMs: performance.now(), capturedAtMs: Date.now() };
  camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level, undefined, at) });
}

const short = (verdicts: readonly VerdictPayload[]): string[] =>
  verdicts.map(({ seq, part, verdict }) => `${seq} ${part} ${verdict}`);

test("eight bad parts of ten are eight verdicts, and one alert of the process that the first one raises", async () => {
  const levels = [good, ...Array.from({ length: 8 }, () => bad), good];
  const line = await station({ parts: { ...PARTS, per: "frame" } }, fakeCamera("cam1", levels));
  await until(() => line.verdicts().length === 10, "ten verdicts");
  assert.equal(
    short(line.verdicts()),
    levels.map((level, index) => `${index + 1} ${index + 1} ${level === bad ? "ng" : "ok"}`),
  );
  const alerts = of<AlertPayload>(line.sent, "cam1/alert");
  assert.equal([alerts[0]!.phase, alerts.filter(({ phase }) => phase === "raised").length], ["raised", 1]);
  assert.equal(agent!.cameras[0]!.parts, { ok: 2, ng: 8, unknown: 0, late: 0 });
});

test("a web without parts has no verdicts", async () => {
  const line = await station({}, fakeCamera("cam1", [good, bad]));
  await until(() => of(line.sent, "cam1/score").length === 2, "scores");
  assert.equal([line.verdicts(), agent!.cameras[0]!.parts], [[], null]);
});

test("a context that came with an id is acknowledged with the frame that it is in force from: none of 1,000 is of the wrong part", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } });
  for (let number = 1; number <= 1_000; number += 1) {
    line.said$.next({ camera: "cam1", context: { id: `c${number}`, part: `p${number}` } });
    const ack = of<ContextAckPayload>(line.sent, "cam1/context/ack").at(-1)!;
    assert.equal([ack.id, ack.part, ack.fromFrame], [`c${number}`, `p${number}`, number]);
    comes(line, number, good);
  }
  await until(() => line.verdicts().length === 1_000, "all verdicts");
  const wrong = line.verdicts().filter(({ seq, part, frame }) => part !== `p${seq}` || frame !== seq);
  assert.equal(wrong, []);
});

test("a context for a frame that is yet to come waits for it", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } });
  const says = (part: string, fromFrame: number) =>
    line.said$.next({ camera: "cam1", context: { id: part, part, fromFrame } });
  says("a", 1);
  says("b", 3);
  says("c", 4);
  for (const number of [1, 2, 3, 4, 5]) comes(line, number, good);
  await until(() => line.verdicts().length === 5, "verdicts");
  assert.equal(
    line.verdicts().map(({ part }) => part),
    ["a", "a", "b", "c", "c"],
  );
  assert.equal(
    of<ContextAckPayload>(line.sent, "cam1/context/ack").map(({ fromFrame }) => fromFrame),
    [1, 3, 4],
  );
});

test("a part of a context is judged when another is named, and unknown where no model is there to judge it", async () => {
  const parts = { ...PARTS, per: "context" } as const;
  const line = await station({ parts });
  const says = (part: string | null) => line.said$.next({ camera: "cam1", context: part === null ? null : { part } });
  says("a");
  comes(line, 1, bad);
  says("b");
  comes(line, 2, good);
  comes(line, 3, good);
  says(null);
  await until(() => line.verdicts().length === 2, "two verdicts");
  assert.equal(short(line.verdicts()), ["1 a ng", "2 b ok"]);
  await agent!.stop();
  const broken = await station({ parts }, undefined, { loadModel: () => Promise.reject(new Error("no such model")) });
  for (const part of ["c", "d"]) broken.said$.next({ camera: "cam1", context: { part } });
  await until(() => broken.verdicts().length === 1, "one verdict");
  assert.equal(short(broken.verdicts()), ["1 c unknown"]);
});

test("a part of a context is over by the time that it is given", async () => {
  const line = await station({ parts: { ...PARTS, per: "context", closeAfterMs: 30 } });
  line.said$.next({ camera: "cam1", context: { part: "a" } });
  comes(line, 1, good);
  await until(() => line.verdicts().length === 1, "the verdict");
  assert.equal(short(line.verdicts()), ["1 a ok"]);
});

test("inspect takes a picture when it is asked, at no other time, and answers with the verdict on it", async () => {
  const levels = [good, good, bad];
  const line = await station({ parts: { ...PARTS, per: "frame", on: "inspect" } }, fakeCamera("cam1", levels));
  await until(() => of(line.sent, "cam1/score").length === 1, "the picture that shows that the camera is there");
  assert.equal([line.camera.wanted(), line.verdicts()], [0, []]);
  for (const [part, verdict] of [
    ["a", "ok"],
    ["b", "ng"],
  ] as const) {
    const outcome = await line.ask("inspect", { camera: "cam1", context: { part } });
    assert.ok(outcome.ok);
    const result = outcome.result as VerdictPayload;
    assert.equal([result.part, result.verdict], [part, verdict]);
    assert.equal(result, line.verdicts().at(-1));
  }
});

test("inspections of a free running camera, one after the other, each get the picture that comes next: 1,000 of 1,000", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } }, undefined, {
    loadModel: async () => ({ engine: fakeEngine(), calibration: null }),
  });
  for (let number = 1; number <= 1_000; number += 1) {
    const isBad = number % 3 === 0;
    const asked = line.ask("inspect", { camera: "cam1", context: { part: number } });
    await Promise.resolve();
    comes(line, number, isBad ? bad : good);
    const outcome = await asked;
    assert.ok(outcome.ok);
    const { part, frame, verdict } = outcome.result as VerdictPayload;
    assert.equal([part, frame, verdict], [number, number, isBad ? "ng" : "ok"]);
  }
});

test("a part that is named ahead begins with a picture that cannot be read: the part before it stays what it was", async () => {
  const line = await station({ parts: { ...PARTS, per: "context" } });
  for (const [part, fromFrame] of [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ] as const)
    line.said$.next({ camera: "cam1", context: { part, fromFrame } });
  comes(line, 1, good);
  line.camera.tell({ kind: "failed", camera: "cam1", code: "IMAGE_UNREADABLE", reason: "cut off" });
  comes(line, 3, good);
  await until(() => line.verdicts().length === 2, "verdicts");
  assert.equal(short(line.verdicts()), ["1 a ok", "2 b unknown"]);
});

test("pictures that cannot be read fault a camera until one is judged, also between parts and within a long one", async () => {
  const line = await station({ parts: { ...PARTS, per: "context" } });
  const broken = () =>
    line.camera.tell({ kind: "failed", camera: "cam1", code: "IMAGE_UNREADABLE", reason: "cut off" });
  const states = () => of<{ state: string }>(line.sent, "cam1/state").map(({ state }) => state);
  for (let n = 0; n < 3; n += 1) broken();
  await until(() => states().at(-1) === "faulted", "the fault");
  comes(line, 1, good);
  await until(() => states().at(-1) !== "faulted", "its end");
  line.said$.next({ camera: "cam1", context: { part: "long" } });
  for (let number = 2; number <= 5; number += 1) {
    comes(line, number, good);
    await until(() => of(line.sent, "cam1/score").length === number, "the score");
    broken();
  }
  assert.is(states().filter((state) => state === "faulted").length, 1);
});

test("a picture that cannot be read is of the part that the line's control named, and says which file: inspected or not", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } });
  const broken = (file: string) =>
    line.camera.tell({ kind: "failed", camera: "cam1", code: "IMAGE_UNREADABLE", reason: "cut off", file });
  const asked = line.ask("inspect", { camera: "cam1", context: { part: "a" } });
  await Promise.resolve();
  broken("1.png");
  const outcome = await asked;
  assert.ok(outcome.ok);
  assert.is((outcome.result as VerdictPayload).part, "a");
  // Named ahead: a picture that cannot be read leaves the next one its own name.
  line.said$.next({ camera: "cam1", context: { part: "b", fromFrame: 2 } });
  line.said$.next({ camera: "cam1", context: { part: "c", fromFrame: 3 } });
  broken("2.png");
  comes(line, 1, good);
  await until(() => line.verdicts().length === 3, "verdicts");
  assert.equal(
    line.verdicts().map(({ part, verdict, file, frame }) => [part, verdict, file, frame]),
    [
      ["a", "unknown", "1.png", 1],
      ["b", "unknown", "2.png", 2],
      ["c", "ok", undefined, 3],
    ],
  );
});

test("the verdict on a bad part names where its picture follows, and the picture comes; that on a good one names none", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } }, fakeCamera("cam1", [good, bad]));
  await until(() => line.verdicts().length === 2, "verdicts");
  const topic = "retort/line-7/cam1/evidence/part-2";
  assert.equal(
    line.verdicts().map(({ evidence }) => evidence),
    [null, { topic }],
  );
  // The alert's, and the part's.
  await until(() => of<HealthPayload>(line.sent, "health").at(-1)?.outbox.evidence === 2, "pictures in the outbox");
});

test("feedback names a part by its camera and seq: the raw frame of a bad one is kept for training", async () => {
  const line = await station({ parts: { ...PARTS, per: "frame" } }, fakeCamera("cam1", [good, bad]));
  await until(() => line.verdicts().length === 2, "verdicts");
  const feedback = (seq: number) => line.ask("feedback", { camera: "cam1", seq, verdict: "not_a_defect" });
  const outcome = await feedback(2);
  assert.ok(outcome.ok);
  const { kept, size } = outcome.result as { kept: string; size: string };
  assert.is(size, "camera");
  assert.match(kept, /feedback\/not_a_defect\/cam1\/[0-9a-f-]{36}\.webp$/);
  assert.ok(existsSync(kept));
  const none = await feedback(1);
  assert.is(none.ok ? "ok" : none.code, "FEEDBACK_NO_FRAME");
});

test("inspect is refused where nothing tells which pictures it is to have", async () => {
  const line = await station({});
  const outcome = await line.ask("inspect", { camera: "cam1" });
  assert.is(outcome.ok ? "ok" : outcome.code, "INSPECT_NOT_POSSIBLE");
});

test.run();
