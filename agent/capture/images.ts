import { relative } from "node:path";
import type { RoiConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import { listImages } from "../../models/pictures/folder.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import type { Size } from "../types.js";
import type { FrameSource, Grab } from "./frame-source.js";
import { cutRegion, scaledWhole } from "./region.js";

export interface ImagesOptions {
  readonly path: string;
  readonly input: Size;
  readonly roi: RoiConfig;
}

/**
 * A folder of pictures and the folders below it, in the order of their paths. Read as training and `evaluate` read them, and not by
 * GStreamer: the same picture gets the same score everywhere, so the bundle's threshold holds.
 * A file that cannot be read yields `unreadable`, and playing goes on.
 */
export function createImagesSource({ path, input, roi }: ImagesOptions): FrameSource {
  const whole = scaledWhole(input, roi);
  let running = false;
  let position = 0;
  let listed: Promise<string[]> | undefined;

  async function grab(): Promise<Grab> {
    if (!running) return { kind: "lost", reason: "stopped" };
    try {
      // At each start anew: pictures may have been added.
      listed ??= listImages(path, { recursive: true });
      const file = (await listed)[position];
      if (file === undefined) return { kind: "ended" };
      position += 1;
      return await read(file);
    } catch (error) {
      return { kind: "lost", reason: messageOf(error) };
    }
  }

  async function read(file: string): Promise<Grab> {
    const origin = relative(path, file);
    try {
      const [pixels, native] = await Promise.all([readRgb(file, whole), imageSize(file)]);
      if (!running) return { kind: "lost", reason: "stopped" };
      return { kind: "picture", pixels: cutRegion(pixels, input, roi), native, missed: 0, origin };
    } catch (error) {
      const code = error instanceof CodedError ? error.code : "IMAGE_UNREADABLE";
      return { kind: "unreadable", code, reason: messageOf(error), origin };
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
