import type { AravisSource } from "../../../config/types.js";
import type { Ref } from "../../kit/ffi.js";
import type { RawPicture } from "../launch/sources.js";
import type { Aravis } from "./aravis.js";

/** A picture in a buffer of the stream; it must be read, and the buffer released, before the device is closed. */
export interface Delivery {
  /** Whether all of its packets have arrived. */
  readonly whole: boolean;
  /** How long before it was handed over its first packet came, milliseconds; 0 where that is not known. */
  readonly underWayMs: number;
  /** A copy of the picture: rows without padding. */
  read(): Uint8Array<ArrayBuffer>;
  /** Gives the buffer back to the stream. */
  release(): void;
}

/** An open camera that streams. */
export interface VisionDevice {
  readonly picture: RawPicture;
  /** Asks for one picture of a camera with a software trigger. */
  trigger(): Promise<void>;
  /** The oldest picture that has arrived, or null when none came in time. */
  next(timeoutMs: number): Promise<Delivery | null>;
  /** Rejects where the camera no longer answers. */
  ask(): Promise<unknown>;
  /** Hands the camera back. A lost one is not asked to stop: each question would wait for its time-out. */
  close(lost: boolean): Promise<void>;
}

/** ArvAuto. */
const OFF = 0;
/** ArvAcquisitionMode. */
const CONTINUOUS = 0;
/** Buffers of a stream: enough for the time between two looks, few enough for pictures of 20 megapixels. */
const BUFFERS = 6;

/** 20 megapixels in RGB take half a second over gigabit Ethernet. */
const MOST_UNDER_WAY_MS = 5_000;

/** The bytes of a socket's buffer for pictures of that size. The kernel counts a packet of 1,400 bytes as 2,304, and doubles what is asked for. */
export function socketBytes(pictureBytes: number): number {
  return Math.max(1_048_576, 3 * pictureBytes);
}

/** Opens a camera, sets it up as configured, and starts its stream. Rejects with Aravis's words. */
export async function openDevice(aravis: Aravis, source: AravisSource, fps: number): Promise<VisionDevice> {
  const camera = await aravis.open(source.camera ?? null);
  let stream: Ref | null = null;
  try {
    const picture = await setUp(aravis, camera, source, fps);
    const bytes = await aravis.payload(camera);
    stream = await aravis.createStream(camera);
    if (aravis.isNetworked(camera)) aravis.setSocketBuffer(stream, socketBytes(bytes));
    for (let index = 0; index < BUFFERS; index += 1) aravis.push(stream, aravis.newBuffer(bytes));
    await aravis.start(camera);
    return streaming(aravis, camera, stream, picture);
  } catch (error) {
    if (stream !== null) await aravis.release(stream);
    await aravis.release(camera);
    throw error;
  }
}

function streaming(aravis: Aravis, camera: Ref, stream: Ref, picture: RawPicture): VisionDevice {
  return {
    picture,
    trigger: () => aravis.trigger(camera),
    async next(timeoutMs) {
      const buffer = await aravis.pop(stream, timeoutMs);
      if (buffer === null) return null;
      return {
        whole: aravis.status(buffer) === 0,
        underWayMs: underWayMs(aravis.arrivedAtMs(buffer), Date.now()),
        read: () => aravis.read(buffer),
        release: () => aravis.push(stream, buffer),
      };
    },
    ask: () => aravis.ask(camera),
    async close(lost) {
      try {
        if (!lost) await aravis.stop(camera);
      } finally {
        await aravis.release(stream);
        await aravis.release(camera);
      }
    },
  };
}

/** By the wall clock, which may have been set meanwhile: what cannot be is not known. */
export function underWayMs(arrivedAtMs: number, nowMs: number): number {
  const ms = nowMs - arrivedAtMs;
  return ms >= 0 && ms <= MOST_UNDER_WAY_MS ? ms : 0;
}

async function setUp(aravis: Aravis, camera: Ref, source: AravisSource, fps: number): Promise<RawPicture> {
  const { width = -1, height = -1, exposureUs, gain } = source;
  await aravis.setAcquisitionMode(camera, CONTINUOUS);
  const format = await choosePixelFormat(aravis, camera, source.format ?? "mono");
  await aravis.setPixelFormat(camera, format.pixelFormat);
  if (width > 0 || height > 0) await aravis.setRegion(camera, -1, -1, width, height);
  if (exposureUs !== undefined) {
    if (await aravis.hasExposureAuto(camera)) await aravis.setExposureAuto(camera, OFF);
    await aravis.setExposureUs(camera, exposureUs);
  }
  if (gain !== undefined) {
    if (await aravis.hasGainAuto(camera)) await aravis.setGainAuto(camera, OFF);
    await aravis.setGain(camera, gain);
  }
  await setTrigger(aravis, camera, source, fps);
  return { gstreamer: format.gstreamer, ...(await aravis.size(camera)) };
}

async function setTrigger(aravis: Aravis, camera: Ref, source: AravisSource, fps: number): Promise<void> {
  if (source.trigger === "software") return aravis.setTrigger(camera, "Software");
  if (source.trigger === "hardware") return aravis.setTrigger(camera, source.triggerSource ?? "Line1");
  if (await aravis.hasFeature(camera, "TriggerMode")) await aravis.clearTriggers(camera);
  // What is not wanted need not cross the network.
  if ((await aravis.hasFrameRate(camera)) && (await aravis.frameRate(camera)) > fps) {
    await aravis.setFrameRate(camera, fps);
  }
}

/** Bayer patterns by the end of their names in GenICam's PFNC, as GStreamer names them. */
const PATTERNS: Readonly<Record<string, string>> = { RG8: "rggb", GR8: "grbg", GB8: "gbrg", BG8: "bggr" };

async function choosePixelFormat(
  aravis: Aravis,
  camera: Ref,
  wanted: NonNullable<AravisSource["format"]>,
): Promise<Pick<RawPicture, "gstreamer"> & { readonly pixelFormat: string }> {
  if (wanted === "mono") return { pixelFormat: "Mono8", gstreamer: "video/x-raw,format=GRAY8" };
  if (wanted === "rgb") return { pixelFormat: "RGB8", gstreamer: "video/x-raw,format=RGB" };
  const offered = await aravis.pixelFormats(camera);
  for (const [end, pattern] of Object.entries(PATTERNS)) {
    const pixelFormat = `Bayer${end}`;
    if (offered.includes(pixelFormat)) return { pixelFormat, gstreamer: `video/x-bayer,format=${pattern}` };
  }
  throw new Error(`the camera has no Bayer format of 8 bits, only ${offered.join(", ")}`);
}
