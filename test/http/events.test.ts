import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import * as assert from "uvu/assert";
import { type Http, type HttpOptions, openHttp } from "../../agent/http/open.js";
import { readRgb } from "../../models/pictures/images.js";
import { alertId, alertStep } from "../support/alert-step.js";
import { type EventReader, readEvents } from "../support/events.js";
import { greyFrame, inspectionOf, spottedFrame } from "../support/frames.js";
import { parseMetrics } from "../support/prometheus.js";
import { deafClient } from "../support/raw-http.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { verdictOf } from "../support/verdicts.js";
import { type TestView, testView } from "../support/view.js";

const test = suite("HTTP: the live view's events");
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let view: TestView;
let http: Http;
const readers: { stop(): void }[] = [];
test.after.each(async () => {
  for (const reader of readers.splice(0)) reader.stop();
  await http.close();
});

async function start(config: Parameters<typeof testView>[0] = {}, options: Partial<HttpOptions> = {}): Promise<void> {
  view = testView({ streamFps: 100, ...config });
  http = openHttp(view, { version: "1.2.3", log, ...options });
  await http.tried;
}

async function look(query = "", headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await readEvents(new URL(`/api/events${query}`, http.url()!), headers);
  readers.push(reader);
  return reader;
}

let frames = 0;
const judge = (level: number): void => {
  frames += 1;
  const frame = greyFrame(level, undefined, { number: frames, capturedAtMs: Date.now() });
  view.cameras[0].outcomes$.next({ kind: "inspected", inspection: inspectionOf(frame) });
};
const metrics = async () => parseMetrics(await (await fetch(new URL("/metrics", http.url()!))).text());

test("who comes sees how things stand at once: cameras, models, alerts, verdicts, the scores before", async () => {
  await start();
  judge(51);
  judge(204);
  view.history.record(alertStep(1, 1, 0));
  view.verdicts$.next(verdictOf({ camera: "cam1", seq: 7 }));
  const reader = await look();
  assert.match(reader.headers.get("content-type")!, "text/event-stream");
  const snapshot = await reader.next("snapshot");
  assert.equal([snapshot.v, snapshot.version, snapshot.role], [1, "1.2.3", "act"]);
  assert.equal(
    snapshot.cameras.map(({ id, state, threshold }) => [id, state, threshold]),
    [
      ["cam1", "ok", 0.5],
      ["cam2", "disabled", 0.5],
    ],
  );
  assert.is(snapshot.health.models.plate!.providers.tried[0]!.reason, "a fake");
  assert.equal(
    snapshot.alerts.map(({ id }) => id),
    [alertId(1)],
  );
  assert.equal(
    snapshot.verdicts.cam1!.map(({ seq }) => seq),
    [7],
  );
  const { min, max, frames: judged, anomalous } = snapshot.scores.cam1!;
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  assert.equal([Math.min(...min), Math.max(...max), sum(judged), sum(anomalous)], [0.2, 0.8, 2, 1]);
});

test("then what happens: a state, scores, a verdict, an alert as a whole, the broker gone", async () => {
  await start();
  const reader = await look();
  await reader.next("snapshot");
  view.cameras[0].tell("faulted", "cannot open rtsp://viewer:hunter2@10.0.0.9/");
  const camera = await reader.next("camera");
  assert.equal([camera.id, camera.state], ["cam1", "faulted"]);
  assert.not.match(camera.reason!, "hunter2");
  view.cameras[0].fault = "SELF_TEST_FAILED: 1 of 3 known-bad pictures are not seen";
  assert.match((await reader.next("camera")).blind!, /^SELF_TEST_FAILED/);
  judge(51);
  judge(204);
  judge(102);
  const { cam1 } = (await reader.next("scores")).cameras;
  assert.equal([cam1!.min, cam1!.max, cam1!.last, cam1!.frames, cam1!.anomalous], [0.2, 0.8, 0.4, 3, 1]);
  view.verdicts$.next(verdictOf({ camera: "cam1", seq: 8 }));
  assert.is((await reader.next("verdict")).seq, 8);
  for (const step of [alertStep(1, 1, 0), alertStep(1, 2, 1, { phase: "acknowledged", by: "kim" })]) {
    view.history.record(step);
    view.alerts$.next(step);
  }
  await reader.next("alert");
  const alert = await reader.next("alert");
  assert.equal([alert.id, alert.phase, alert.stepCount], [alertId(1), "acknowledged", 2]);
  view.setBroker(false);
  assert.is((await reader.next("health")).broker.connected, false);
  assert.is((await reader.next("ping")).picturesDropped, 0);
});

test("a picture comes with the map, the score and the regions of its own frame", async () => {
  await start();
  const spot = { x: 4, y: 8, side: 3, level: 255 };
  const view_ = { x: 100, y: 0, width: 160, height: 160 };
  const inspection = inspectionOf(spottedFrame(spot, { number: 42, view: view_ }));
  view.cameras[0].outcomes$.next({ kind: "inspected", inspection });
  const picture = await (await look("?pictures=cam1&fps=50")).next("picture");
  assert.equal([picture.camera, picture.frame, picture.score, picture.anomalous], ["cam1", 42, 1, true]);
  assert.equal(
    picture.regions.map(({ x, y, width, height }) => [x, y, width, height]),
    [[140, 80, 30, 30]],
  );
  assert.equal(picture.view, view_);
  const map = Buffer.from(picture.map, "base64");
  assert.equal([map.length, picture.mapWidth, picture.mapHeight, picture.mapScale], [256, 16, 16, 1]);
  assert.equal([map[8 * 16 + 4], map[8 * 16 + 3], map[11 * 16 + 4]], [255, 0, 0]);
  const pixels = await readRgb(Buffer.from(picture.jpeg, "base64"), picture);
  assert.ok(pixels[(9 * 16 + 5) * 3]! > 200 && pixels[(2 * 16 + 12) * 3]! < 50);
});

test("nobody who looks, or who looks without pictures, has one encoded", async () => {
  let encoded = 0;
  await start(
    {},
    {
      encode: async () => {
        encoded += 1;
        return randomBytes(10);
      },
    },
  );
  judge(10);
  const reader = await look();
  await reader.next("snapshot");
  judge(20);
  await reader.next("scores");
  assert.is(encoded, 0);
  await (await look("?pictures=cam1")).next("picture");
  assert.is(encoded, 1);
});

test("live views and moving pictures share their places; who leaves makes room", async () => {
  await start({ maxStreams: 2 });
  const first = await look();
  const stream = new AbortController();
  await fetch(new URL("/stream/cam1", http.url()!), { signal: stream.signal });
  const refused = await look();
  assert.equal([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  assert.is((await metrics()).get("retort_events_clients"), 1);
  first.stop();
  await until(async () => (await metrics()).get("retort_events_clients") === 0, "the place is free");
  assert.is((await look()).status, 200);
  stream.abort();
});

test("an unknown camera, a wrong parameter and a page of another origin are refused", async () => {
  await start();
  for (const named of ["cam1,nobody", "cam1%2Ccam2", "%zz"]) {
    assert.is((await look(`?pictures=${named}`)).status, 404, named);
  }
  assert.is((await look("?pictures=cam1,c%61m2&fps=1")).status, 200);
  for (const query of ["?fps=0", "?fps=1000", "?nonsense=1"]) assert.is((await look(query)).status, 400, query);
  for (const [name, value] of [
    ["sec-fetch-site", "cross-site"],
    ["origin", "http://evil.example"],
  ] as const) {
    assert.is((await look("", { [name]: value })).status, 403);
  }
});

test("a client that never reads misses pictures and is cut off; another sees on", async () => {
  const picture = randomBytes(300_000);
  await start({}, { encode: async () => picture, streams: { stallMs: 1_000 } });
  const deaf: Socket = await deafClient(http.url()!, "/api/events?pictures=cam1&fps=100");
  readers.push({ stop: () => deaf.destroy() });
  const other = await look("?pictures=cam1&fps=100");
  let seen = 0;
  const reading = (async () => {
    for (;;) {
      await other.next("picture");
      seen += 1;
    }
  })().catch(() => undefined);
  const feeding = setInterval(() => judge(0), 5);
  try {
    await until(async () => (await metrics()).get("retort_events_clients_cut_total") === 1, "it is cut off", 15_000);
    const before = seen;
    await until(() => seen > before + 3, "the other one's pictures");
    const now = await metrics();
    assert.is(now.get("retort_events_clients"), 1);
    assert.ok(now.get("retort_events_pictures_dropped_total")! > 0);
    assert.ok(now.get("retort_events_pictures_sent_total")! > 0);
  } finally {
    clearInterval(feeding);
    other.stop();
  }
  await reading;
});

test("a stop does not wait for those who look", async () => {
  await start();
  const reader = await look();
  await reader.next("snapshot");
  const startedAtMs = performance.now();
  await http.close();
  assert.ok(performance.now() - startedAtMs < 500);
});

test.run();
