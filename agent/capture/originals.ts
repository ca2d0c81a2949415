import type { Original } from "../types.js";
import type { Caps, HoldingSink } from "./binding.js";
import { packRows } from "./rows.js";

/** Enough for the frames that are being judged, and for the worst of a part's few pictures. */
const MOST = 10;
/** Of one camera; more only where the least of its pictures take more. */
const MOST_BYTES = 33_554_432;
/** A camera that falls silent for so long, after so few pictures, may wait for the buffers that are held. */
const SILENT_MS = 1_000;
const SOON = 2 * MOST;

/**
 * The camera's own pictures of the latest frames, held by reference in a sink of its line. What is not asked for costs nothing but
 * their memory: it is neither copied nor converted.
 */
export class Originals {
  readonly #sink: HoldingSink;
  readonly #nowMs: () => number;
  /** By number, those that are being fetched: two who keep the same frame get the same picture. */
  readonly #asked = new Map<number, Promise<Original | null>>();
  #least: number;
  #given = 0;
  #givenAtMs = 0;

  /** @param least how many are held, however large they are; 1: never another but the newest */
  constructor(sink: HoldingSink, least: number, nowMs: () => number = () => performance.now()) {
    this.#sink = sink;
    this.#least = least;
    this.#nowMs = nowMs;
  }

  /** The line is about to play. */
  begin(): void {
    this.#given = 0;
    this.#sink["max-buffers"] = this.#least;
  }

  /** How large they are is known. @param bytes of one */
  hold(bytes: number): void {
    if (this.#least === 1) return;
    const fitting = Math.floor(MOST_BYTES / Math.max(1, bytes));
    this.#sink["max-buffers"] = Math.max(this.#least, Math.min(MOST, fitting));
  }

  /** The way to the picture of a frame that is given away. @param number of its buffer; undefined where it has none */
  of(number: number | undefined): () => Promise<Original | null> {
    this.#given += 1;
    this.#givenAtMs = this.#nowMs();
    if (number === undefined) return () => Promise.resolve(null);
    return () => {
      const asked = this.#asked.get(number) ?? this.#take(number).finally(() => this.#asked.delete(number));
      this.#asked.set(number, asked);
      return asked;
    };
  }

  /**
   * The line is stopped while a picture is waited for. Where none came as soon as pictures were held, the source has too few buffers of
   * its own (libcamera, a decoder in hardware): from the next start on it has them back.
   */
  stoppedWaiting(): void {
    const isSilent = this.#nowMs() - this.#givenAtMs > SILENT_MS;
    if (isSilent && this.#given > 0 && this.#given <= SOON) this.#least = 1;
  }

  #take(number: number): Promise<Original | null> {
    return new Promise((resolve) => {
      this.#sink.take(number, (buffer, caps) => resolve(buffer && pictureOf(buffer, caps)));
    });
  }
}

/** Null where it is not what its caps say. */
function pictureOf(buffer: Buffer, { width, height }: Caps): Original | null {
  if (width === undefined || height === undefined) return null;
  const size = { width, height };
  try {
    return { pixels: packRows(buffer, size), size };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
