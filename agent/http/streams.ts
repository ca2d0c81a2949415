import type { ServerResponse } from "node:http";
import type { Live } from "./live.js";
import type { Seats } from "./seats.js";

/** What became of the pictures and the clients of one camera's stream, since the start. */
export interface StreamCounts {
  readonly clients: number;
  readonly sent: number;
  /** Not sent to a client that was still busy with an earlier one. */
  readonly dropped: number;
  /** Clients that took nothing for too long. */
  readonly cut: number;
}

/** The clients of /stream. A slow one gets fewer pictures, a stuck one is cut off; neither slows anything else. */
export interface Streams {
  /** Whether there is room for one more. */
  free(): boolean;
  /** Pictures from now on, until the client goes or is cut off. */
  serve(camera: string, response: ServerResponse, headers: Readonly<Record<string, unknown>>): void;
  /** By camera. */
  counts(): ReadonlyMap<string, StreamCounts>;
}

export interface StreamsOptions {
  readonly live: Pick<Live, "watch">;
  readonly seats: Seats;
  /** A client that takes nothing of a picture for so long is cut off. */
  readonly stallMs?: number;
}

const BOUNDARY = "retort-picture";
/** Notices a client whose machine is gone though its camera stands still. */
const KEEP_ALIVE_MS = 30_000;

export function openStreams({ live, seats, stallMs = 10_000 }: StreamsOptions): Streams {
  const counts = new Map<string, { clients: number; sent: number; dropped: number; cut: number }>();
  return {
    free: seats.free,
    serve(camera, response, headers) {
      const leave = seats.take();
      const count = counts.get(camera) ?? { clients: 0, sent: 0, dropped: 0, cut: 0 };
      counts.set(camera, count);
      count.clients += 1;
      response.socket?.setTimeout(0).setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
      // RFC 2046, 5.1; each part replaces the one before.
      const type = `multipart/x-mixed-replace; boundary=${BOUNDARY}`;
      response.writeHead(200, { ...headers, "Content-Type": type, Connection: "close" } as Record<string, string>);

      /** At most one picture is on its way to the socket, and one, the newest, waits here. */
      let sending = false;
      let waiting: Uint8Array | null = null;
      let stalled: NodeJS.Timeout | undefined;
      const send = (jpeg: Uint8Array): void => {
        sending = true;
        stalled = setTimeout(() => {
          count.cut += 1;
          response.destroy();
        }, stallMs);
        writePart(response, jpeg, () => {
          clearTimeout(stalled);
          sending = false;
          count.sent += 1;
          const next = waiting;
          waiting = null;
          if (next !== null) send(next);
        });
      };
      const unwatch = live.watch(camera, (jpeg) => {
        if (!sending) return send(jpeg);
        if (waiting !== null) count.dropped += 1;
        waiting = jpeg;
      });
      response.once("close", () => {
        unwatch();
        clearTimeout(stalled);
        waiting = null;
        leave();
        count.clients -= 1;
      });
      // A client that hangs up in the middle of a picture; "close" follows.
      response.on("error", () => undefined);
      response.flushHeaders();
    },
    counts: () => counts,
  };
}

/** The picture is not copied: all clients of a camera share it. @param taken when the system has taken its last byte */
function writePart(response: ServerResponse, jpeg: Uint8Array, taken: () => void): void {
  response.cork();
  response.write(`--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.byteLength}\r\n\r\n`);
  response.write(jpeg);
  response.write("\r\n", (error) => {
    if (error === null || error === undefined) taken();
  });
  response.uncork();
}
