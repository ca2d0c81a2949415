import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { access, type FileHandle, mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { readOddPictures } from "../../models/bundle/odd-pictures.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { imageSize } from "../../models/pictures/images.js";
import { type TrainOptions, type TrainProgress, trainStudent } from "../../models/training/train.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("training");
let dir = "";
let lesson: Omit<TrainOptions, "out">;

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-train-"));
  lesson = {
    normal: await writeGoodPictures(dir, 22),
    teacher: await writeSmallTeacher(dir),
    arch: "resnet18",
    epochs: 3,
    size: 64,
    batch: 4,
    seed: 5,
    threads: 1,
  };
});
test.after(() => rm(dir, { recursive: true, force: true }));

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "no error";
}

test("the loss falls, and the bundle says how it was made", async () => {
  const seen: TrainProgress[] = [];
  const result = await trainStudent({ ...lesson, out: join(dir, "a"), onProgress: (each) => void seen.push(each) });
  assert.ok(result.losses.at(-1)! < 0.7 * result.losses[0]!, `losses ${result.losses.join(", ")}`);
  const { manifest, modelPath } = await readBundle(result.bundle);
  assert.equal(manifest.training?.images, 20);
  assert.equal(manifest.training?.heldOut, 2);
  assert.equal(manifest.calibration?.images, 22);
  assert.is(manifest.calibration?.falseAlarmRate?.wanted, 0.01);
  assert.is(manifest.memory?.pictures, 22);
  assert.is(manifest.imageHealth?.images, 22);
  assert.ok(manifest.threshold > manifest.calibration!.quantiles!.at(-2)!.score, "above most good pictures");
  assert.ok(seen.some((each) => each.phase === "training" && each.imagesPerSecond > 0 && each.etaSeconds >= 0));

  const odd = (await readOddPictures(result.bundle, result.sha256))!;
  assert.equal([odd.images, odd.pictures.length], [22, 12], "the oddest are kept beside it");
  assert.equal(await imageSize(Buffer.from(odd.pictures[0]!.jpeg, "base64")), { width: 64, height: 64 });
  assert.match(odd.pictures[0]!.name, /^\d\d\.png$/);
  assert.is(await readOddPictures(result.bundle, "0".repeat(64)), null, "beside another model they are another's");

  const session = await openSession(await readModel(modelPath, manifest), { threads: 1 });
  const { score, map } = await session.run({
    image: new Tensor("uint8", new Uint8Array(3 * 64 * 64 * 3), [3, 64, 64, 3]),
  });
  await session.close();
  assert.equal(score?.dims, [3]);
  assert.equal(map?.dims, [3, 64, 64]);
  const highest = floatsOf(map)
    .subarray(0, 64 * 64)
    .reduce((a, b) => Math.max(a, b));
  assert.is(floatsOf(score)[0], highest);
});

test("the same seed gives the same model, another one another", async () => {
  const sha = async (out: string, seed: number) => {
    await trainStudent({ ...lesson, epochs: 1, seed, out: join(dir, out) });
    return (await readBundle(join(dir, out))).manifest.sha256;
  };
  const first = await sha("b1", 5);
  assert.is(await sha("b2", 5), first);
  assert.is.not(await sha("b3", 6), first);
});

test("killed at any moment, it resumes to the same model", async () => {
  const whole = await trainStudent({ ...lesson, out: join(dir, "whole") });
  const out = join(dir, "killed");
  const program = `
    import { trainStudent } from ${JSON.stringify(new URL("../../models/training/train.js", import.meta.url).href)};
    await trainStudent({ ...${JSON.stringify(lesson)}, out: ${JSON.stringify(out)}, resume: true, checkpointSeconds: 0,
      onProgress: (each) => each.phase === "training" && process.stdout.write("step\\n") });
    process.stdout.write("done\\n");
  `;
  for (const steps of [3, 4, 6]) await killAfter(steps, program);
  await access(`${out}.checkpoint.safetensors`);
  const resumed = await trainStudent({ ...lesson, out, resume: true });
  assert.is((await readBundle(out)).manifest.sha256, (await readBundle(whole.bundle)).manifest.sha256);
  assert.equal(resumed.losses, whole.losses);
  await assertGone(`${out}.checkpoint.safetensors`);
});

test("the bundle is on the disk, whole and with its folders, before its checkpoint is deleted", async () => {
  const out = join(dir, "deep", "er", "bundle");
  const checkpoint = `${out}.checkpoint.safetensors`;
  const synced: string[] = [];
  await watchingSyncs(
    (path) => {
      synced.push(relative(dir, path));
      if (path.startsWith(`${out}/`)) assert.ok(existsSync(checkpoint), `${path} is synced after the checkpoint went`);
    },
    async () => {
      await mkdir(join(dir, "deep", "er"), { recursive: true });
      await trainStudent({ ...lesson, epochs: 1, out });
    },
  );
  const after = synced.slice(synced.lastIndexOf("deep/er/bundle.checkpoint.safetensors.draft"));
  assert.equal(after.slice(2), [
    "deep/er",
    "deep/er/bundle/model.onnx.draft",
    "deep/er/bundle/model.json.draft",
    "deep/er/bundle",
    "deep/er/bundle/odd-pictures.json.draft",
    "deep/er/bundle",
  ]);
  await assertGone(checkpoint);
});

/** Hands the path of each file or folder that is synced to `onSync` while `work` runs. */
async function watchingSyncs(onSync: (path: string) => void, work: () => Promise<void>): Promise<void> {
  const probe = await open(dir, "r");
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { sync } = prototype;
  prototype.sync = async function (this: FileHandle) {
    onSync(readlinkSync(`/proc/self/fd/${this.fd}`));
    await sync.call(this);
  };
  try {
    await work();
  } finally {
    prototype.sync = sync;
  }
}

async function killAfter(steps: number, program: string): Promise<void> {
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("step").length > steps) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  assert.is(signal, "SIGKILL", `it ended by itself: ${text}`);
}

async function assertGone(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  assert.not(there, `${path} is still there`);
}

test("an unfinished training is neither overwritten nor mixed with other settings", async () => {
  const out = join(dir, "stopped");
  const abort = new AbortController();
  const stopped = trainStudent({
    ...lesson,
    out,
    signal: abort.signal,
    onProgress: ({ phase }) => phase === "training" && abort.abort(),
  });
  assert.is(await codeOf(stopped), "TRAINING_STOPPED");
  assert.is(await codeOf(trainStudent({ ...lesson, out })), "CHECKPOINT_EXISTS");
  assert.is(await codeOf(trainStudent({ ...lesson, out, resume: true, seed: 77 })), "CHECKPOINT_MISMATCH");
  await truncate(`${out}.checkpoint.safetensors`, 5000);
  assert.is(await codeOf(trainStudent({ ...lesson, out, resume: true })), "CHECKPOINT_UNREADABLE");
});

test("a corrupt picture among good ones is named, left out and counted", async () => {
  const normal = await writeGoodPictures(join(dir, "mixed"), 8);
  await writeFile(join(normal, "05.png"), (await readFile(join(normal, "05.png"))).subarray(0, 200));
  const warnings: string[] = [];
  const result = await trainStudent({
    ...lesson,
    normal,
    epochs: 1,
    out: join(dir, "mixed-bundle"),
    onProgress: (each) => each.phase === "warning" && warnings.push(each.message),
  });
  assert.is(warnings.filter((each) => each.startsWith("left out")).length, 1);
  assert.match(warnings.join("\n"), "05.png");
  assert.is((await readBundle(result.bundle)).manifest.training?.skipped, 1);
});

test("what cannot be trained is refused with a code", async () => {
  const out = join(dir, "refused");
  const single = await writeGoodPictures(join(dir, "single"), 1);
  const empty = join(dir, "empty");
  await mkdir(empty);
  assert.is(await codeOf(trainStudent({ ...lesson, out, normal: single })), "TOO_FEW_IMAGES");
  assert.is(await codeOf(trainStudent({ ...lesson, out, normal: empty })), "IMAGE_FOLDER_EMPTY");
  assert.is(await codeOf(trainStudent({ ...lesson, out, normal: join(dir, "nowhere") })), "IMAGE_FOLDER_MISSING");
  assert.is(await codeOf(trainStudent({ ...lesson, out, arch: "resnet19" })), "ARCH_UNKNOWN");
  assert.is(await codeOf(trainStudent({ ...lesson, out, arch: "resnet34" })), "WEIGHTS_MISMATCH");
  assert.is(await codeOf(trainStudent({ ...lesson, out, size: 100 })), "OPTION_INVALID");
  assert.is(await codeOf(trainStudent({ ...lesson, out, batch: 0 })), "OPTION_INVALID");
  assert.is(
    await codeOf(trainStudent({ ...lesson, out, teacher: join(dir, "none.safetensors") })),
    "WEIGHTS_UNREADABLE",
  );
  // Not that it has the wrong ending: there is no such file.
  await trainStudent({ ...lesson, out, teacher: "/nope" }).catch((error: CodedError) => {
    assert.is(error.code, "WEIGHTS_UNREADABLE");
    assert.match(error.message, "no such file");
  });
});

test("where the disk fails meanwhile, training goes on without checkpoints and the bundle's error is clear", async () => {
  const folder = join(dir, "failing");
  const warnings: string[] = [];
  let failed = false;
  const code = await codeOf(
    trainStudent({
      ...lesson,
      epochs: 1,
      out: join(folder, "bundle"),
      onProgress: (each) => {
        if (each.phase === "warning") warnings.push(each.message);
        if (failed || each.phase !== "training") return;
        failed = true;
        // A file where a directory must be: as final as a full disk, and the same for root.
        rmSync(folder, { recursive: true, force: true });
        writeFileSync(folder, "");
      },
    }),
  );
  assert.is(code, "BUNDLE_UNWRITABLE");
  assert.ok(warnings.length >= 1, "the missing checkpoint is reported");
});

test.run();
