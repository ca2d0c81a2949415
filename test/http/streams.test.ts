import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import type { Live } from "../../agent/http/live.js";
import { type Http, type HttpOptions, openHttp } from "../../agent/http/open.js";
import { openSeats } from "../../agent/http/seats.js";
import { openStreams } from "../../agent/http/streams.js";
import type { Frame } from "../../agent/types.js";
import { encodeJpeg, readRgb } from "../../models/pictures/images.js";
import { temporaryFolder } from "../support/config.js";
import { greyFrame, inspectionOf } from "../support/frames.js";
import { parseMetrics } from "../support/prometheus.js";
import { deafClient } from "../support/raw-http.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { type TestView, testView } from "../support/view.js";

const test = suite("HTTP: moving pictures");
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let view: TestView;
let http: Http;
const clients: { destroy(): void }[] = [];
test.after.each(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await http.close();
});

async function start(config: Parameters<typeof testView>[0] = {}, options: Partial<HttpOptions> = {}): Promise<void> {
  view = testView({ streamFps: 100, ...config });
  http = openHttp(view, { version: "1.2.3", log, ...options });
  await http.tried;
}

const size = { width: 16, height: 16 };
const see = (frame: Frame): void => {
  view.cameras[0].outcomes$.next({ kind: "inspected", inspection: inspectionOf(frame) });
};
const metrics = async () => parseMetrics(await (await fetch(new URL("/metrics", http.url()!))).text());

/** Reads parts by the rules of RFC 2046, their length by Content-Length. */
async function* partsOf(response: Response): AsyncGenerator<Buffer> {
  const [, boundary] = /^multipart\/x-mixed-replace; ?boundary=([\w-]+)$/.exec(response.headers.get("content-type")!)!;
  let bytes = Buffer.alloc(0);
  for await (const chunk of response.body!) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) break;
      const [delimiter, ...fields] = bytes.subarray(0, end).toString("latin1").split("\r\n");
      assert.is(delimiter, `--${boundary}`);
      assert.ok(fields.includes("Content-Type: image/jpeg"));
      const length = Number(fields.find((field) => field.startsWith("Content-Length: "))!.slice(16));
      if (bytes.length < end + 4 + length + 2) break;
      yield bytes.subarray(end + 4, end + 4 + length);
      assert.is(bytes.subarray(end + 4 + length, end + 6 + length).toString("latin1"), "\r\n");
      bytes = bytes.subarray(end + 6 + length);
    }
  }
}

async function watch(camera = "cam1"): Promise<Response> {
  const ended = new AbortController();
  clients.push({ destroy: () => ended.abort() });
  return fetch(new URL(`/stream/${camera}`, http.url()!), { signal: ended.signal });
}

test("pictures that decode to what the camera saw, the newest at once, then as they come", async () => {
  await start();
  see(greyFrame(200, size));
  const response = await watch();
  assert.is(response.headers.get("cache-control"), "no-store");
  assert.is(response.headers.get("x-content-type-options"), "nosniff");
  assert.is(response.headers.get("cross-origin-resource-policy"), "same-origin", "no page elsewhere shows it");
  const levels: number[] = [];
  const file = join(temporaryFolder(), "part.jpg");
  for await (const part of partsOf(response)) {
    await writeFile(file, part);
    const pixels = await readRgb(file, size);
    levels.push(pixels[0]!);
    assert.ok(pixels.every((value) => Math.abs(value - pixels[0]!) <= 2));
    if (levels.length === 3) break;
    see(greyFrame(levels.length === 1 ? 100 : 30, size));
  }
  assert.ok(
    [200, 100, 30].every((level, at) => Math.abs(level - levels[at]!) <= 2),
    String(levels),
  );
});

test("no such camera, a disabled one, and more clients than allowed are refused; who leaves makes room", async () => {
  await start({ maxStreams: 2 });
  const status = async (camera: string) => (await watch(camera)).status;
  assert.is(await status("nobody"), 404);
  assert.is(await status("cam2"), 409);
  assert.equal([await status("cam1"), await status("cam1"), await status("cam1")], [200, 200, 503]);
  assert.is((await metrics()).get('retort_stream_clients{camera="cam1"}'), 2);
  for (const client of clients.splice(0)) client.destroy();
  for (let tries = 0; (await metrics()).get('retort_stream_clients{camera="cam1"}') !== 0; tries += 1) {
    assert.ok(tries < 500, "the clients are gone");
  }
  assert.is(await status("cam1"), 200);
  assert.is((await fetch(new URL("/stream/cam1", http.url()!), { method: "HEAD" })).status, 404);
});

test("whatever a client does not take, no more than one picture is ever on its way to it", async () => {
  await start();
  const show = new Set<Parameters<Live["watch"]>[1]>();
  const watchAll: Live["watch"] = (_camera, each) => {
    show.add(each);
    return () => show.delete(each);
  };
  const streams = openStreams({ live: { watch: watchAll }, seats: openSeats(1), stallMs: 60_000 });
  // A socket that takes nothing: it never calls back.
  const socket = Object.assign(new Duplex({ read: () => undefined, write: () => undefined }), {
    setTimeout: () => socket,
    setKeepAlive: () => socket,
    setNoDelay: () => socket,
  }) as unknown as Socket;
  const response = new ServerResponse(new IncomingMessage(socket));
  response.assignSocket(socket);
  streams.serve("cam1", response, {});
  const picture = Buffer.alloc(10_000);
  let most = 0;
  for (let n = 0; n < 100; n += 1) {
    for (const each of show) each(picture, inspectionOf(greyFrame(0)));
    most = Math.max(most, response.writableLength + socket.writableLength);
  }
  assert.ok(most > 10_000 && most < 21_000, `${most} bytes`);
  assert.equal(streams.counts().get("cam1"), { clients: 1, sent: 0, dropped: 98, cut: 0 });
  assert.not(streams.free());
  response.destroy();
  await until(() => streams.free(), "its place is free");
  assert.is(show.size, 0);
});

test("a client that never reads misses pictures and is cut off; another sees on", async () => {
  const picture = randomBytes(500_000);
  await start({ streamFps: 100 }, { encode: async () => picture, streams: { stallMs: 1_500 } });
  const deaf: Socket = await deafClient(http.url()!, "/stream/cam1");
  clients.push(deaf);
  const parts = partsOf(await watch());
  let seen = 0;
  const feeding = setInterval(() => see(greyFrame(0, size)), 5);
  const read = (async () => {
    for await (const _ of parts) seen += 1;
  })().catch(() => undefined);
  const counts = async () => {
    const now = await metrics();
    return (what: string) => now.get(`retort_stream_${what}{camera="cam1"}`) ?? 0;
  };
  try {
    for (let tries = 0; (await counts())("clients_cut_total") < 1; tries += 1) {
      assert.ok(tries < 1_000, "it is cut off");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const before = seen;
    await until(() => seen > before + 5, "the other one's pictures");
    const count = await counts();
    assert.is(count("clients"), 1);
    assert.ok(count("pictures_dropped_total") > 0);
  } finally {
    clearInterval(feeding);
  }
  for (const client of clients.splice(0)) client.destroy();
  await read;
});

test("nothing is encoded without a client, and a stop does not wait for those there are", async () => {
  let encoded = 0;
  await start(
    {},
    {
      encode: ({ pixels, size }) => {
        encoded += 1;
        return encodeJpeg(pixels, size);
      },
    },
  );
  for (let n = 0; n < 50; n += 1) see(greyFrame(n, size));
  await metrics();
  assert.is(encoded, 0);
  const parts = partsOf(await watch());
  await parts.next();
  assert.is(encoded, 1);
  const startedAtMs = performance.now();
  await http.close();
  assert.ok(performance.now() - startedAtMs < 500);
  assert.is(http.url(), null);
});

test.run();
