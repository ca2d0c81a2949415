import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { type EvidenceMaker, openEvidenceMaker, type Thread } from "../../agent/evidence/maker.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import { evidenceMakerContract, picture, subject } from "../contracts/evidence-maker.js";
import { fakeMaker } from "../fakes/evidence-maker.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

evidenceMakerContract("fake", fakeMaker);
// A machine that runs two test files at once may take a second to start a thread.
const patient = { timeoutMs: 20_000, hungAfterMs: 20_000 };
evidenceMakerContract("thread", () => openEvidenceMaker({ quality: 80, ...patient }));

const test = suite("evidence maker");
let maker: EvidenceMaker | undefined;
test.after.each(async () => {
  await maker?.close();
});

test("the picture has the camera's proportions, the heat where the map is hot, the region's outline around it", async () => {
  maker = openEvidenceMaker({ quality: 95, ...patient });
  const map = new Float32Array(256).fill(0.1);
  // 4 x 4 of 16 x 16, from x = 4 and y = 8.
  for (let y = 8; y < 12; y += 1) map.fill(0.9, y * 16 + 4, y * 16 + 8);
  const regions = [{ x: 108, y: 62, width: 8, height: 6, area: 48, score: 0.9 }];
  const view = { x: 100, y: 50, width: 32, height: 24 };
  const { jpeg } = picture(await maker.make(subject(100, { map, view, regions })));
  const path = join(temporaryFolder(), "evidence.jpg");
  await writeFile(path, jpeg);
  const size = { width: 512, height: 384 };
  assert.equal(await imageSize(path), size);
  const pixels = await readRgb(path, size);
  const at = (x: number, y: number) => [...pixels.subarray((y * 512 + x) * 3, (y * 512 + x) * 3 + 3)] as number[];
  const [red, , blue] = at(192, 240) as [number, number, number];
  assert.ok(red > blue + 60, `hot in the middle: ${at(192, 240)}`);
  assert.ok(
    at(20, 20).every((value) => Math.abs(value - 100) < 6),
    `untouched far away: ${at(20, 20)}`,
  );
  // The outline runs outside of x 128..256, y 192..288: dark, two bright, dark.
  assert.ok(at(125, 240).every((value) => value > 190) && at(258, 240).every((value) => value > 190));
  assert.ok(at(192, 189).every((value) => value > 190) && at(192, 290).every((value) => value > 190));
});

test("a thread that hangs costs its picture, and is replaced", async () => {
  const restarts: string[] = [];
  let spawned = 0;
  const hanging = () =>
    new Worker("require('worker_threads').parentPort.on('message', () => { for (;;); })", { eval: true });
  const real = () => new Worker(new URL("../../agent/evidence/worker.js", import.meta.url));
  const spawn = (): Thread => ((spawned += 1) === 1 ? hanging() : real());
  maker = openEvidenceMaker({
    quality: 80,
    spawn,
    timeoutMs: 30,
    hungAfterMs: 1_000,
    onRestart: (why) => restarts.push(why),
  });
  const first = await maker.make(subject());
  assert.is(first.kind === "failed" && first.reason, "timeout");
  let second = first;
  for (let n = 0; n < 200 && second.kind === "failed"; n += 1) second = await maker.make(subject());
  assert.is(second.kind, "made");
  assert.ok(restarts.length >= 1);
});

test("a thread that dies costs the picture it was at; the next thread draws what waited", async () => {
  let spawned = 0;
  const dying = () =>
    new Worker("require('worker_threads').parentPort.on('message', () => process.exit(3))", { eval: true });
  const real = () => new Worker(new URL("../../agent/evidence/worker.js", import.meta.url));
  maker = openEvidenceMaker({ quality: 80, spawn: () => ((spawned += 1) === 1 ? dying() : real()), timeoutMs: 5_000 });
  const [first, second] = await Promise.all([maker.make(subject(1)), maker.make(subject(2))]);
  assert.is(first!.kind === "failed" && first!.reason, "thread");
  picture(second!);
});

test("one that nobody closes holds no process: this one's must end by itself", async () => {
  picture(await openEvidenceMaker({ quality: 80, ...patient }).make(subject()));
});

test("no more wait than is stated; those beyond are refused at once", async () => {
  maker = openEvidenceMaker({ quality: 80, spawn: silent, timeoutMs: 20 });
  const made = await Promise.all(Array.from({ length: 12 }, () => maker!.make(subject())));
  const reasons = made.map((each) => each.kind === "failed" && each.reason);
  assert.equal(reasons, [...Array(9).fill("timeout"), "busy", "busy", "busy"]);
});

/** Takes everything, answers nothing. */
function silent(): Thread {
  let exit: (code: number) => void = () => undefined;
  return {
    postMessage: (request) => {
      if (request.kind === "stop") exit(0);
    },
    on: (event: string, listener: (value: never) => void) => {
      if (event === "exit") exit = listener as unknown as typeof exit;
    },
    terminate: async () => exit(1),
  };
}

test.run();
