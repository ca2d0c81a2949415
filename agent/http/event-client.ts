import type { ServerResponse } from "node:http";
import type { LiveEvents } from "../contract/live-events.js";

/** Beyond the snapshot: minutes of events, or a second of pictures. */
const MOST_WAITING_BYTES = 1_048_576;
/** With so much of it waiting, a client's next picture would only be late. */
const PICTURE_ROOM_BYTES = 65_536;
/** Notices a client whose machine is gone. */
const KEEP_ALIVE_MS = 30_000;

/** An event as it goes over the wire (HTML, 9.2.5): made once for all clients. */
export type EventText = string & { readonly __event: unique symbol };

export function eventText<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): EventText {
  // JSON has no line breaks of its own.
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n` as EventText;
}

export interface EventClientOptions {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Is told once that the client is gone, and whether it was cut off. */
  readonly onGone: (isCut: boolean) => void;
  /** A client that takes nothing for so long is cut off. */
  readonly stallMs: number;
}

/** One page that looks: it misses pictures when it is slow, events never; one that does not read at all is cut off. */
export class EventClient {
  picturesSent = 0;
  picturesDropped = 0;
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  #mostWaiting = MOST_WAITING_BYTES;
  /** Writes that the system has not taken. */
  #waiting = 0;
  /** Since when nothing of what waits was taken. */
  #takenAtMs = performance.now();
  #isPictureWaiting = false;
  /** By camera, its newest picture that the client was too busy for; who has waited longest goes first. */
  readonly #later = new Map<string, EventText>();
  #ending: NodeJS.Timeout | undefined;
  #isGone = false;
  #isCut = false;

  constructor({ response, headers, onGone, stallMs }: EventClientOptions) {
    this.#response = response;
    this.#stallMs = stallMs;
    response.socket?.setTimeout(0).setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
    response.once("close", () => {
      this.#isGone = true;
      clearTimeout(this.#ending);
      this.#later.clear();
      onGone(this.#isCut);
    });
    // A client that hangs up in the middle of an event; "close" follows.
    response.on("error", () => undefined);
    const streaming = { ...headers, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    response.writeHead(200, streaming as Record<string, string>);
  }

  /** @param snapshot may be larger than what else may wait */
  begin(snapshot: EventText): void {
    this.#mostWaiting = MOST_WAITING_BYTES + Buffer.byteLength(snapshot);
    this.#write(`retry: 2000\n\n${snapshot}`);
  }

  send(event: EventText): void {
    this.#write(event);
    if (this.#response.writableLength > this.#mostWaiting) this.cut();
  }

  /** One at a time: cameras that are triggered together would else be seen or missed by their order, always the same ones. */
  sendPicture(camera: string, picture: EventText): void {
    if (this.#later.has(camera)) this.picturesDropped += 1;
    this.#later.set(camera, picture);
    this.#sendLater();
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#waiting > 0 && performance.now() - this.#takenAtMs > this.#stallMs) this.cut();
  }

  /** Hangs up on a client that does not read. */
  cut(): void {
    if (this.#isGone) return;
    this.#isCut = true;
    this.#response.destroy();
  }

  /** Ends the connection of a client that may look no more: one that does not read, and so would keep its seat, is cut off. */
  end(): void {
    this.#response.end();
    this.#ending ??= setTimeout(() => this.cut(), this.#stallMs).unref();
  }

  #sendLater(): void {
    const [next] = this.#later;
    if (next === undefined || this.#isPictureWaiting || this.#response.writableLength > PICTURE_ROOM_BYTES) return;
    const [camera, picture] = next;
    this.#later.delete(camera);
    this.#isPictureWaiting = true;
    this.#write(picture, () => {
      this.#isPictureWaiting = false;
      this.picturesSent += 1;
    });
  }

  #write(text: string, taken?: () => void): void {
    if (this.#isGone || this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#waiting === 0) this.#takenAtMs = performance.now();
    this.#waiting += 1;
    this.#response.write(text, (error) => {
      if (error !== null && error !== undefined) return;
      this.#waiting -= 1;
      this.#takenAtMs = performance.now();
      taken?.();
      this.#sendLater();
    });
  }
}
