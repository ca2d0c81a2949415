import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { v7 as uuidv7 } from "uuid";
import * as assert from "uvu/assert";
import { type Evidence, openEvidence } from "../../agent/evidence/evidence.js";
import type { EvidenceMaker } from "../../agent/evidence/maker.js";
import type { AlertStep, Inspection } from "../../agent/types.js";
import type { EvidenceConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { readRgb } from "../../models/pictures/images.js";
import { fakeMaker } from "../fakes/evidence-maker.js";
import { configOf, temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("evidence");
const model = { name: "tiny", version: "1", sha256: "0".repeat(64), provider: "cpu" };
let evidence: Evidence;
let lines: string[] = [];
let folder = "";
test.after.each(() => evidence.close());

/** @param prepare is given the state folder, which is not there yet, as at the first start */
async function open(
  config: Partial<EvidenceConfig> = {},
  maker: EvidenceMaker = fakeMaker(),
  prepare: (state: string) => void = () => undefined,
): Promise<void> {
  folder = join(temporaryFolder(), "state");
  prepare(folder);
  lines = [];
  const log = { warn: (text: string) => lines.push(text), error: (text: string) => lines.push(text) };
  const all = { ...configOf([]).evidence, ...config };
  evidence = await openEvidence({
    config: all,
    statePath: folder,
    cameras: ["cam1"],
    log,
    nowMs: () => 0,
    ageMs: () => 0,
    openMaker: () => maker,
  });
}

test("what earlier runs left and could not be read at the start is counted, and given up in its turn, once it can", async () => {
  const ids = [uuidv7(), uuidv7()];
  await open({}, fakeMaker(), (state) => {
    mkdirSync(join(state, "frames"), { recursive: true });
    writeFileSync(join(state, "evidence"), "a file in the folder's place");
  });
  assert.match(lines.join(), /cannot be read/);
  rmSync(join(folder, "evidence"));
  mkdirSync(join(folder, "evidence"));
  for (const id of ids) writeFileSync(join(folder, "evidence", `${id}.jpg`), "picture");
  assert.is(evidence.health()!.stored.items, 0);
  await evidence.makeRoom();
  assert.is(evidence.health()!.stored.items, 2);
});

/** A camera that has just seen this. */
function seen(number: number, level: number): Inspection {
  const frame = greyFrame(level, undefined, { number, capturedAtMs: 1_000 * number });
  const inspection = { frame, score: 1, map: new Float32Array(256), model, queueMs: 0, inferenceMs: 0 };
  evidence.saw({ kind: "inspected", inspection });
  return inspection;
}

function raised({ frame }: Inspection): AlertStep {
  const rest = {
    score: 1,
    threshold: 0.5,
    peak: 1,
    durationMs: 0,
    frames: 2,
    raises: 1,
    regions: [],
    context: null,
    calibration: null,
  };
  return { id: uuidv7(), phase: "raised", camera: "cam1", tsMs: frame.capturedAtMs, model, ...rest };
}

test("a raised alert gets the picture of its frame, which can be read later, and its raw frames are kept", async () => {
  await open();
  seen(1, 10);
  seen(2, 20);
  const step = raised(seen(3, 30));
  const picture = evidence.pictureOf(step);
  seen(4, 40);
  assert.is((await picture)!.jpeg[2], 30);
  await until(() => evidence.health()!.stored.items === 2, "picture and frames on disk");
  assert.is((await evidence.read(step.id))![2], 30);
  const { path, size } = await evidence.keepForFeedback(step.id, "defect");
  assert.is(size, "camera");
  assert.equal(await readRgb(path, { width: 16, height: 16 }), greyFrame(30).pixels);
  assert.is(evidence.pictureOf({ ...step, phase: "cleared" }), null);
  await evidence.makeRoom();
  const { made, skipped, failed, frames } = evidence.health()!;
  assert.equal(
    { made, skipped, failed, frames },
    { made: 1, skipped: { rate: 0, late: 0 }, failed: {}, frames: { kept: 1, modelSize: 0, failed: {} } },
  );
  assert.equal(lines, []);
});

test("an alert that comes back weaker is sent its picture, and keeps that of its worst raise, with its raw frame", async () => {
  await open();
  const first = raised(seen(1, 30));
  const seenBy = async (step: AlertStep) => (await evidence.pictureOf(step))!.jpeg[2];
  assert.is(await seenBy({ ...first, score: 1.5 }), 30);
  await until(() => evidence.health()!.stored.items === 2, "picture and frame on disk");
  evidence.pictureOf({ ...first, phase: "cleared" });
  const back = (number: number, level: number, score: number): AlertStep => ({
    ...first,
    score,
    tsMs: seen(number, level).frame.capturedAtMs,
  });
  assert.is(await seenBy(back(2, 60, 0.7)), 60);
  assert.is((await evidence.read(first.id))![2], 30);
  evidence.pictureOf({ ...first, phase: "cleared" });
  assert.is(await seenBy(back(3, 90, 1.6)), 90);
  await until(() => evidence.health()!.frames.kept === 2, "the worse frame kept");
  assert.is((await evidence.read(first.id))![2], 90);
  assert.equal(
    await readRgb((await evidence.keepForFeedback(first.id, "defect")).path, { width: 16, height: 16 }),
    greyFrame(90).pixels,
  );
});

test("an alert whose picture cannot be made goes without, counted by reason and logged once", async () => {
  const failing: EvidenceMaker = {
    make: async () => ({ kind: "failed", reason: "timeout", message: "too slow" }),
    close: async () => undefined,
  };
  await open({}, failing);
  for (let n = 0; n < 3; n += 1) assert.is(await evidence.pictureOf(raised(seen(n, 10))), null);
  assert.is(evidence.pictureOf(raised(longGone())), null);
  assert.equal(evidence.health()!.failed, { timeout: 3 });
  assert.is(evidence.health()!.skipped.late, 1);
  assert.is(lines.length, 1);
});

test("a storm is thinned out, and what was left out is counted", async () => {
  await open();
  const pictures = await Promise.all(Array.from({ length: 9 }, (_, n) => evidence.pictureOf(raised(seen(n, n)))));
  assert.is(pictures.filter((each) => each !== null).length, 4);
  assert.is(evidence.health()!.skipped.rate, 5);
});

test("a bad part gets its picture and its raw frame under its number; a sample of a good one the picture alone", async () => {
  await open();
  const part = (level: number, verdict: "ng" | "ok", isPictured = true) => {
    const worst = { inspection: seen(level, level), threshold: { value: 0.5, calibration: null }, anomalous: true };
    return evidence.holdPart({ verdict: { verdict, regions: [] }, worst, isPictured });
  };
  const bad = part(30, "ng");
  bad.keep(7);
  assert.is((await bad.picture)?.jpeg[2], 30);
  const good = part(10, "ok");
  good.keep(8);
  assert.is((await good.picture)?.jpeg[2], 10);
  const unwanted = part(40, "ng", false);
  assert.is(unwanted.picture, null);
  unwanted.drop();
  await until(() => evidence.health()!.frames.kept === 1, "the raw frame");
  assert.equal((await evidence.keepPartForFeedback("cam1", 7, "defect")).size, "camera");
  const none = await evidence.keepPartForFeedback("cam1", 8, "defect").catch((error: unknown) => error);
  assert.is(none instanceof CodedError && none.code, "FEEDBACK_NO_FRAME");
  const storm = Array.from({ length: 5 }, () => part(50, "ok"));
  assert.equal([storm.filter(({ picture }) => picture !== null).length, evidence.health()!.skipped.rate], [2, 3]);
  assert.ok(await evidence.pictureOf(raised(seen(60, 60))), "a storm of parts leaves alerts theirs");
});

test("an alert and the part that raises it are shown by one picture, drawn once", async () => {
  await open();
  const inspection = seen(1, 30);
  const step = raised(inspection);
  const worst = { inspection, threshold: { value: step.threshold, calibration: null }, anomalous: true };
  const part = evidence.holdPart({ verdict: { verdict: "ng", regions: [] }, worst, isPictured: true });
  const [ofAlert, ofPart] = await Promise.all([evidence.pictureOf(step), part.picture]);
  part.drop();
  assert.is(ofAlert, ofPart);
  assert.is(evidence.health()!.made, 1);
});

test("an alert of a part has the part's worst picture and raw frame, though the camera has seen others since", async () => {
  await open();
  seen(1, 10);
  const inspection = seen(2, 30);
  seen(3, 20);
  const step = raised(inspection);
  const worst = { inspection, threshold: { value: step.threshold, calibration: null }, anomalous: true };
  evidence.holdPart({ verdict: { verdict: "ng", regions: [] }, worst, isPictured: false }).drop();
  assert.is((await evidence.pictureOf(step))?.jpeg[2], 30);
  assert.is(evidence.health()!.skipped.late, 0);
  await until(() => evidence.health()!.frames.kept === 1, "the raw frame");
  const { path } = await evidence.keepForFeedback(step.id, "not_a_defect");
  assert.equal(await readRgb(path, { width: 16, height: 16 }), greyFrame(30).pixels);
  const before = join(folder, "feedback/before/cam1");
  assert.equal(readdirSync(before).length, 1, "the frame before it, and not the one after");
});

test("a folder that cannot be written costs pictures kept, not pictures sent", async () => {
  await open();
  for (const name of ["evidence", "frames"]) writeFileSync(join(folder, name), "in the way");
  const step = raised(seen(1, 10));
  assert.ok(await evidence.pictureOf(step));
  await until(() => evidence.health()!.stored.failed.disk === 1, "the failure counted");
  await until(() => evidence.health()!.frames.failed.disk === 1, "the frames' failure counted");
});

test("switched off, nothing is drawn, kept or written", async () => {
  await open({ enabled: false });
  const step = raised(seen(1, 10));
  assert.is(evidence.pictureOf(step), null);
  assert.is(await evidence.read(step.id), null);
  assert.is(evidence.health(), null);
  assert.not(existsSync(join(folder, "evidence")));
  const fault = await evidence.keepForFeedback(step.id, "defect").catch((error: unknown) => error);
  assert.is(fault instanceof CodedError && fault.code, "EVIDENCE_OFF");
});

function longGone(): Inspection {
  return {
    frame: greyFrame(0, undefined, { capturedAtMs: 5 }),
    score: 1,
    map: new Float32Array(256),
    model,
    queueMs: 0,
    inferenceMs: 0,
  };
}

test.run();
