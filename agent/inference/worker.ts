/**
 * The thread that holds one model. `session.run` of onnxruntime-node is synchronous behind its promise, so it must not
 * run where the event loop matters.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CodedError, messageOf } from "../../errors.js";
import { pictureStats } from "../../models/pictures/picture-stats.js";
import { giveWay } from "../kit/niceness.js";
import { loadBinding } from "./binding.js";
import { readEngine } from "./engines/engine-file.js";
import { allFinite } from "./finite.js";
import { readNetwork } from "./network.js";
import type { Reply, Request, WorkerSetup } from "./protocol.js";
import { type Choice, chooseProvider } from "./providers/choose.js";
import type { Session } from "./providers/session.js";

/** The niceness added to the main thread's, so that capture and MQTT are served while inference takes every core. */
const NICENESS = 5;

/** The longest that a batch may take: a longer one gains little, and holds every frame in it back. */
const MAX_BATCH_MS = 100;
const setup = workerData as WorkerSetup;
const port = parentPort!;
const { width, height } = setup.input;
const frameBytes = width * height * 3;

const reply = (message: Reply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

/** Makes the score of each map that is not finite NaN: the maximum that a model takes may pass over what is wrong in its map. */
function spoil(scores: Float32Array, maps: Float32Array): void {
  const pixels = width * height;
  for (let index = 0; index < scores.length; index += 1) {
    if (!allFinite(maps.subarray(index * pixels, (index + 1) * pixels))) scores[index] = Number.NaN;
  }
}

async function run(session: Session, id: number, frames: readonly ArrayBuffer[]): Promise<void> {
  const startedAtMs = performance.now();
  try {
    const { scores, maps } = await session.infer(frames);
    const inferenceMs = performance.now() - startedAtMs;
    spoil(scores, maps);
    const pictures = frames.map((frame) => pictureStats(new Uint8Array(frame), width, height));
    reply({ kind: "done", id, scores, maps, pictures, frames, inferenceMs }, [scores.buffer, maps.buffer, ...frames]);
  } catch (error) {
    reply({ kind: "failed", id, reason: messageOf(error), frames }, [...frames]);
  }
}

async function measure(session: Session, forMs: number): Promise<void> {
  const frame = [new ArrayBuffer(frameBytes)];
  const startedAtMs = performance.now();
  let frames = 0;
  while (performance.now() - startedAtMs < forMs) {
    await session.infer(frame);
    frames += 1;
  }
  reply({ kind: "measured", frames, ms: performance.now() - startedAtMs });
}

/**
 * Runs each batch size twice: the first run of a shape allocates and, on a GPU, searches. On the CPU one that is far too slow is so the
 * second time, too: half a second, or more, of a start.
 * @returns the sizes that are quick enough, 1 always
 */
async function warmUp(session: Session, onCpu: boolean): Promise<{ batchSizes: number[]; slowestMs: number }> {
  const batchSizes: number[] = [];
  let slowestMs = 0;
  for (const size of setup.batchSizes) {
    const frames = Array.from({ length: size }, () => new ArrayBuffer(frameBytes));
    const firstMs = await timeOf(session, frames);
    const tookMs = onCpu && firstMs > 2 * MAX_BATCH_MS ? firstMs : await timeOf(session, frames);
    if (batchSizes.length === 0 || tookMs <= MAX_BATCH_MS) {
      batchSizes.push(size);
      slowestMs = Math.max(slowestMs, tookMs);
    }
    // The next size takes about twice as long.
    if (tookMs * 2 > MAX_BATCH_MS) break;
  }
  return { batchSizes, slowestMs };
}

async function timeOf(session: Session, frames: readonly ArrayBuffer[]): Promise<number> {
  const startedAtMs = performance.now();
  await session.infer(frames);
  return performance.now() - startedAtMs;
}

async function serve(session: Session, request: Request): Promise<void> {
  switch (request.kind) {
    case "run":
      return run(session, request.id, request.frames);
    case "measure":
      return measure(session, request.forMs);
    case "stop":
      await session.close();
      port.close();
  }
}

/** A function of its own, so that nothing holds the model's bytes once the session has its own copy of them. */
async function load(): Promise<Choice> {
  const model = await readNetwork(setup);
  const file = setup.built ?? null;
  const built = file === null ? null : () => readEngine(file);
  return chooseProvider(setup.providers, loadBinding(), model, setup, built);
}

async function start(): Promise<void> {
  giveWay(NICENESS);
  const { session, report } = await load();
  const warm = await warmUp(session, report.used === "cpu");
  // One after the other: a second one begun meanwhile would count the first one's inference as its own.
  let last = Promise.resolve();
  port.on("message", (request: Request) => {
    last = last.then(() => serve(session, request));
  });
  reply({ kind: "ready", report, ...warm });
}

start().catch((error: unknown) => {
  const fault = error instanceof CodedError ? { code: error.code, remedy: error.remedy } : null;
  reply({ kind: "refused", reason: messageOf(error), fault });
  port.close();
});
