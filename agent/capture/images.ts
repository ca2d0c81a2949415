import { stat } from "node:fs/promises";
import { basename, relative } from "node:path";
import type { RoiConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import { listImages } from "../../models/pictures/folder.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import type { Original, Size } from "../types.js";
import { type Arrival, Arrivals } from "./arrivals.js";
import type { FrameSource, Grab } from "./frame-source.js";
import { cutRegion, scaledWhole } from "./region.js";

export interface ImagesOptions {
  readonly path: string;
  readonly input: Size;
  readonly roi: RoiConfig;
}

export interface WatchedImagesOptions extends ImagesOptions {
  /** `all`: the pictures that are there at the first start come first. */
  readonly watch: "new" | "all";
  readonly monotonicMs: () => number;
}

/** The shortest time between two looks into a folder. */
const LOOK_EVERY_MS = 250;
/** Of all time, a look may take one part in so many: a folder of a hundred thousand files is looked into more rarely. */
const LOOK_SHARE = 20;

/**
 * A folder of pictures and the folders below it, in the order of their paths. Read as training and `evaluate` read them, and not by
 * GStreamer: the same picture gets the same score everywhere, so the bundle's threshold holds.
 * A file that cannot be read yields `unreadable`, and playing goes on.
 */
export function createImagesSource(options: ImagesOptions): FrameSource {
  let running = false;
  let position = 0;
  let listed: Promise<string[]> | undefined;

  async function grab(): Promise<Grab> {
    if (!running) return STOPPED;
    try {
      // At each start anew: pictures may have been added.
      listed ??= listImages(options.path, { recursive: true });
      const file = (await listed)[position];
      if (file === undefined) return { kind: "ended" };
      position += 1;
      const picture = await read(file, options);
      return running ? picture : STOPPED;
    } catch (error) {
      return lost(error, options);
    }
  }

  return {
    start() {
      running = true;
      position = 0;
      listed = undefined;
    },
    grab,
    answered: () => false,
    stop() {
      running = false;
      return Promise.resolve();
    },
  };
}

/**
 * The pictures that come into a folder, each once and when it is whole, for as long as the source is there: a new start goes on where the
 * one before ended. Read as `createImagesSource` reads them. Never ends.
 */
export function createWatchedImagesSource(options: WatchedImagesOptions): FrameSource {
  const { path, watch, monotonicMs } = options;
  const arrivals = new Arrivals(path, watch === "all", monotonicMs);
  const queue: Arrival[] = [];
  let running = false;
  let wake = (): void => undefined;

  async function nextArrival(): Promise<Arrival | undefined> {
    while (running && queue.length === 0) {
      const beganMs = monotonicMs();
      queue.push(...(await arrivals.look()));
      if (queue.length === 0) await rest(Math.max(LOOK_EVERY_MS, LOOK_SHARE * (monotonicMs() - beganMs)));
    }
    return running ? queue.shift() : undefined;
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (!running) wake();
    });
  }

  async function grab(): Promise<Grab> {
    try {
      for (;;) {
        const arrival = await nextArrival();
        if (arrival === undefined) return STOPPED;
        const picture = await read(arrival.path, options);
        if (!running) {
          queue.unshift(arrival);
          return STOPPED;
        }
        // Whoever writes it may not be done.
        if (picture.kind === "unreadable" && !arrival.final) continue;
        arrivals.done(arrival.path);
        return picture;
      }
    } catch (error) {
      return lost(error, options);
    }
  }

  return {
    start() {
      running = true;
    },
    grab,
    answered: () => false,
    stop() {
      running = false;
      wake();
      return Promise.resolve();
    },
  };
}

const STOPPED: Grab = { kind: "lost", reason: "stopped" };

/** A folder that cannot be looked into. Where it lies on this machine is nobody's business who reads states. */
function lost(error: unknown, { path }: ImagesOptions): Grab {
  return { kind: "lost", reason: messageOf(error).replaceAll(path, basename(path)) };
}

async function read(file: string, { path, input, roi }: ImagesOptions): Promise<Grab> {
  const origin = relative(path, file);
  try {
    const stamp = await stampOf(file);
    const [pixels, native] = await Promise.all([readRgb(file, scaledWhole(input, roi)), imageSize(file)]);
    const original = () => reread(file, native, stamp);
    return { kind: "picture", pixels: cutRegion(pixels, input, roi), native, missed: 0, origin, original };
  } catch (error) {
    const code = error instanceof CodedError ? error.code : "IMAGE_UNREADABLE";
    // Where the folder lies on this machine is nobody's business who reads verdicts.
    return { kind: "unreadable", code, reason: messageOf(error).replaceAll(file, origin), origin };
  }
}

/** The picture of a file in its own size; null where the file is gone, or is another one now. */
async function reread(file: string, size: Size, stamp: string): Promise<Original | null> {
  try {
    const pixels = await readRgb(file, size);
    return (await stampOf(file)) === stamp ? { pixels, size } : null;
  } catch {
    return null;
  }
}

/** What changes with a file's contents. */
async function stampOf(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file);
  return `${ino} ${size} ${mtimeMs}`;
}
