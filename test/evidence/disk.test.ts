import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { v7 as uuidv7 } from "uuid";
import * as assert from "uvu/assert";
import { Archive, type ArchiveOptions, type Item } from "../../agent/evidence/archive.js";
import { diskFeedback } from "../../agent/evidence/feedback.js";
import { partFrameId } from "../../agent/evidence/part-frames.js";
import {
  cameraFolder,
  diskRawFrames,
  type KeptFrames,
  leftRawFrames,
  type RawRecord,
} from "../../agent/evidence/raw-frames.js";
import { diskEvidence, leftEvidence, timeOf } from "../../agent/evidence/store.js";
import type { FeedbackVerdict, Frame } from "../../agent/types.js";
import { CodedError } from "../../errors.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import { evidenceStoreContract } from "../contracts/evidence-store.js";
import { memoryEvidence } from "../fakes/evidence-store.js";
import { temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const plenty = async () => ({ freeBytes: 1e12, totalBytes: 2e12 });
const DAY_MS = 86_400_000;

function archiveIn(root: string, rest: Partial<ArchiveOptions> = {}): Archive {
  const ageMs = (stampMs: number) => Date.now() - stampMs;
  return new Archive({ root, maxBytes: 10e6, keepMs: 30 * DAY_MS, ageMs, space: plenty, ...rest });
}

evidenceStoreContract("memory", async () => memoryEvidence());
evidenceStoreContract("disk", async () => {
  const folder = temporaryFolder();
  return diskEvidence(join(folder, "evidence"), archiveIn(folder, { maxBytes: 18 * 12_288 }));
});

const test = suite("evidence on disk");
const picture = new Uint8Array(5_000).fill(9);
const idOf = (daysAgo: number) => uuidv7({ msecs: Date.now() - daysAgo * DAY_MS });

test("only the agent's user may read it", async () => {
  const folder = temporaryFolder();
  const id = uuidv7();
  await diskEvidence(join(folder, "evidence"), archiveIn(folder)).put(id, picture);
  assert.is(statSync(join(folder, "evidence")).mode & 0o777, 0o700);
  assert.is(statSync(join(folder, "evidence", `${id}.jpg`)).mode & 0o777, 0o600);
});

test("a restart counts what is there, drops drafts and what is too old, leaves alone what is not its own", async () => {
  const folder = temporaryFolder();
  const evidence = join(folder, "evidence");
  const frames = join(folder, "frames");
  mkdirSync(evidence);
  const [old, young, torn, emptied] = [idOf(31), idOf(29), idOf(0), idOf(0)];
  for (const name of [`${old}.jpg`, `${young}.jpg`, `${torn}.jpg.draft`, "notes.txt"]) {
    writeFileSync(join(evidence, name), picture);
  }
  for (const name of [young, `${torn}.draft`, emptied]) mkdirSync(join(frames, "cam1", name), { recursive: true });
  writeFileSync(join(frames, "cam1", young, "raised.webp"), picture);
  writeFileSync(join(frames, "cam1", young, "before-1.webp"), "");
  writeFileSync(join(frames, "cam1", emptied, "raised.webp"), "");
  const archive = archiveIn(folder);
  await archive.adopt(async () => [...(await leftEvidence(evidence)), ...(await leftRawFrames(frames))]);
  assert.equal(readdirSync(evidence).sort(), [`${young}.jpg`, "notes.txt"]);
  assert.equal(readdirSync(join(frames, "cam1")), [young]);
  assert.equal(readdirSync(join(frames, "cam1", young)), ["raised.webp"]);
  const { items, removed } = archive.health();
  assert.equal([items, removed.age], [2, 1]);
});

test("what a clock that was ahead has stamped is not the newest for ever: the oldest goes first", async () => {
  const folder = temporaryFolder();
  const evidence = join(folder, "evidence");
  mkdirSync(evidence);
  const [ahead, older, newer] = [idOf(-1_000), idOf(2), idOf(1)];
  for (const id of [ahead, older, newer]) writeFileSync(join(evidence, `${id}.jpg`), picture);
  const days = new Map([ahead, older, newer].map((id, index) => [timeOf(id), 3 - index]));
  const archive = archiveIn(folder, { maxBytes: 2 * 8_192, ageMs: (stampMs) => days.get(stampMs)! * DAY_MS });
  await archive.adopt(() => leftEvidence(evidence));
  assert.equal(readdirSync(evidence).sort(), [`${older}.jpg`, `${newer}.jpg`].sort());
  assert.equal(archive.health().removed, { age: 0, quota: 1, "disk-full": 0 });
});

test("a bad part's raw frame is as old as its picture, though its name holds no time: today, and after a restart", async () => {
  const folder = temporaryFolder();
  const frames = join(folder, "frames");
  // As of a clock's account: a stamp of the future is in none of its spans, and old.
  const ageMs = (stampMs: number) => (stampMs > Date.now() ? 31 * DAY_MS : Date.now() - stampMs);
  const archive = archiveIn(folder, { ageMs });
  const raw = diskRawFrames(frames, archive);
  const keep = (seq: number, daysAgo: number) =>
    raw
      .hold("part", [], { ...greyFrame(100), capturedAtMs: Date.now() - daysAgo * DAY_MS })
      .keep(partFrameId("cam1", seq));
  for (const [seq, daysAgo] of [31, 1, 0].entries()) assert.ok((await keep(seq, daysAgo)).kept);
  await archive.tend();
  const left = [1, 2].map((seq) => partFrameId("cam1", seq)).sort();
  assert.equal(readdirSync(join(frames, "cam1")).sort(), left);
  const restarted = archiveIn(folder, { ageMs });
  await restarted.adopt(() => leftRawFrames(frames));
  assert.equal(readdirSync(join(frames, "cam1")).sort(), left);
});

test("a disk that fills up takes evidence first: the oldest is given up, and none is added until there is room", async () => {
  const folder = temporaryFolder();
  let freeBytes = 200e6;
  const space = async () => ({ freeBytes, totalBytes: 1e12 });
  const archive = archiveIn(folder, { space });
  const store = diskEvidence(join(folder, "evidence"), archive);
  for (let n = 0; n < 3; n += 1) await store.put(uuidv7(), picture);
  freeBytes = 50e6;
  await archive.tend();
  assert.equal(archive.health(), { items: 0, mb: 0, removed: { age: 0, quota: 0, "disk-full": 3 } });
  const refused = await store.put(uuidv7(), picture);
  assert.is(!refused.kept && refused.reason, "disk-full");
  freeBytes = 200e6;
  assert.ok((await store.put(uuidv7(), picture)).kept);
});

test("a write that fails is a value, and harms no other", async () => {
  const folder = temporaryFolder();
  const archive = archiveIn(folder);
  const item = (id: string): Item => ({ key: id, id, stampMs: 0, path: join(folder, id), bytes: 4_096 });
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const [failed, written] = await Promise.all([
    archive.put(item("a"), () => Promise.reject(full)),
    archive.put(item("b"), async () => writeFileSync(join(folder, "b"), "whole")),
  ]);
  assert.is(!failed!.kept && failed!.reason, "disk-full");
  assert.ok(written!.kept);
  assert.equal(readdirSync(folder), ["b"]);
});

test("no more wait for a slow disk than is stated", async () => {
  const folder = temporaryFolder();
  const store = diskEvidence(join(folder, "evidence"), archiveIn(folder));
  const kept = await Promise.all(Array.from({ length: 20 }, () => store.put(uuidv7(), picture)));
  assert.is(kept.filter((each) => !each.kept && each.reason === "busy").length, 4);
});

interface Bench {
  readonly folder: string;
  readonly archive: Archive;
  keep(id: string, levels: readonly number[], rest?: Partial<Frame>): Promise<KeptFrames>;
  feedback(id: string, verdict: FeedbackVerdict): Promise<string>;
  sizeOf(id: string, verdict: FeedbackVerdict): Promise<string | null>;
}

function bench(maxBytes = 10e6): Bench {
  const folder = temporaryFolder();
  const archive = archiveIn(folder);
  const raw = diskRawFrames(join(folder, "frames"), archive);
  const feedback = diskFeedback(join(folder, "feedback"), archive, maxBytes);
  return {
    folder,
    archive,
    keep: (id, levels, rest = {}) => {
      const frames = levels.map((level) => greyFrame(level, undefined, rest));
      return raw.hold("alert", frames.slice(0, -1), frames.at(-1)!).keep(id);
    },
    feedback: async (id, verdict) => (await feedback.keep(id, verdict)).path,
    sizeOf: async (id, verdict) => (await feedback.keep(id, verdict)).size,
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "none";
}

const size = { width: 16, height: 16 };

test("feedback keeps the raising frame as it was, under its verdict; what nobody judged lies apart", async () => {
  const { folder, archive, keep, feedback } = bench();
  const id = uuidv7();
  await keep(id, [10, 20, 30]);
  const path = await feedback(id, "not_a_defect");
  assert.is(path, join(folder, "feedback", "not_a_defect", "cam1", `${id}.webp`));
  assert.equal(await readRgb(path, size), greyFrame(30).pixels);
  const before = join(folder, "feedback", "before", "cam1", id);
  assert.equal(await readRgb(join(before, "before-1.webp"), size), greyFrame(20).pixels);
  assert.equal(readdirSync(before).sort(), ["before-1.webp", "before-2.webp"]);
  assert.equal(readdirSync(join(folder, "frames", "cam1")), []);
  assert.is(archive.health().items, 0);
});

test("the raising frame is kept in the camera's own pixels; where they are gone, in the model's, and its record says so", async () => {
  const { folder, keep, feedback, sizeOf } = bench();
  const own = { pixels: new Uint8Array(40 * 30 * 3).fill(77), size: { width: 40, height: 30 } };
  const view = { x: 5, y: 5, ...own.size };
  const [whole, gone] = [uuidv7(), uuidv7()];
  const kept = await keep(whole, [10, 30], { view, original: async () => own });
  assert.equal(kept, { kept: true, size: "camera" });
  assert.equal(await keep(gone, [30], { view, original: async () => null }), { kept: true, size: "model" });
  assert.equal([await sizeOf(whole, "defect"), await sizeOf(gone, "defect")], ["camera", "model"]);
  const path = await feedback(whole, "not_a_defect");
  assert.equal(await imageSize(path), own.size);
  assert.equal(await readRgb(path, own.size), own.pixels);
  assert.equal(await imageSize(await feedback(gone, "defect")), size);
  const record = JSON.parse(readFileSync(path.replace(".webp", ".json"), "utf8")) as RawRecord;
  assert.equal([record.camera, record.frame, record.width, record.size], ["cam1", 1, 40, "camera"]);
  assert.equal(readdirSync(join(folder, "feedback", "before", "cam1", whole)), ["before-1.webp"]);
});

test("no more frames are held than is stated; what is dropped makes room", async () => {
  const folder = temporaryFolder();
  const raw = diskRawFrames(join(folder, "frames"), archiveIn(folder));
  const held = Array.from({ length: 4 }, () => raw.hold("alert", [], greyFrame(1)));
  let asked = false;
  const original = async () => {
    asked = true;
    return null;
  };
  const refused = await raw
    .hold("alert", [], greyFrame(1, undefined, { view: { x: 0, y: 0, width: 9, height: 9 }, original }))
    .keep(uuidv7());
  assert.is(!refused.kept && refused.reason, "busy");
  assert.not(asked, "nothing is fetched for what is not kept");
  held[0]!.drop();
  held[1]!.drop();
  const ofPart = await raw.hold("part", [], greyFrame(1)).keep(uuidv7());
  assert.is(!ofPart.kept && ofPart.reason, "busy", "alerts outrank parts");
  assert.ok((await raw.hold("alert", [], greyFrame(1)).keep(uuidv7())).kept);
});

test("a verdict may be repeated, and corrected", async () => {
  const { folder, keep, feedback } = bench();
  const id = uuidv7();
  await keep(id, [30]);
  const [first, again] = await Promise.all([feedback(id, "defect"), feedback(id, "defect")]);
  assert.is(first, again);
  const corrected = await feedback(id, "not_a_defect");
  assert.equal(readdirSync(join(folder, "feedback", "defect", "cam1")), []);
  assert.equal(await readRgb(corrected, size), greyFrame(30).pixels);
});

test("an alert that is raised again has its newest frames, judged before or not", async () => {
  const { keep, feedback } = bench();
  const id = uuidv7();
  await keep(id, [1, 30]);
  await keep(id, [1, 40]);
  assert.equal(await readRgb(await feedback(id, "defect"), size), greyFrame(40).pixels);
  await keep(id, [1, 50]);
  assert.equal(await readRgb(await feedback(id, "defect"), size), greyFrame(50).pixels);
});

test("feedback that cannot be kept has a code", async () => {
  const { keep, feedback } = bench(1_000);
  const id = uuidv7();
  await keep(id, [30]);
  assert.is(await codeOf(feedback(id, "defect")), "FEEDBACK_FULL");
  assert.is(await codeOf(feedback(uuidv7(), "defect")), "FEEDBACK_NO_FRAME");
  assert.is(await codeOf(feedback("../../x", "defect")), "FEEDBACK_ALERT_INVALID");
  assert.is(await codeOf(feedback(id, "../../x" as FeedbackVerdict)), "FEEDBACK_VERDICT_INVALID");
});

test("no camera's id leads out of the folder, or into another camera's", async () => {
  const ids = ["cam1", "..", ".", "a b", "a_b", "a\\b", "Straße", "x".repeat(200), `${"x".repeat(199)}y`];
  const names = ids.map(cameraFolder);
  assert.is(new Set(names).size, ids.length);
  assert.ok(
    names.every((name) => /^[\w-][\w.-]*$/.test(name) && name.length <= 100),
    names.join(" "),
  );
  assert.is(names[0], "cam1");
});

test("frames whose folder was taken away by hand are missing, not a fault", async () => {
  const { folder, keep, feedback } = bench();
  const id = uuidv7();
  await keep(id, [30]);
  await rm(join(folder, "frames"), { recursive: true });
  assert.is(await codeOf(feedback(id, "defect")), "FEEDBACK_NO_FRAME");
});

test.run();
