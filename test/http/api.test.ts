import * as assert from "uvu/assert";
import type { ScoresAnswer, ThresholdPreview } from "../../agent/contract/live-events.js";
import type { AlertPayload } from "../../agent/contract/payloads.js";
import { type Http, openHttp } from "../../agent/http/open.js";
import { paths } from "../../agent/http/routes.js";
import { alertId, alertStep } from "../support/alert-step.js";
import { greyFrame, inspectionOf } from "../support/frames.js";
import { answerFaults, openApi } from "../support/openapi.js";
import { suite } from "../support/suite.js";
import { verdictOf } from "../support/verdicts.js";
import { type TestView, testView } from "../support/view.js";

const test = suite("HTTP: cameras, alerts, evidence");
const lines: string[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (text: string) => lines.push(text) };
let view: TestView;
let http: Http;
test.before.each(async () => {
  view = testView();
  http = openHttp(view, { version: "1.2.3", log });
  await http.tried;
});
test.after.each(() => http.close());

interface Alerts {
  readonly alerts: readonly (AlertPayload & {
    readonly peakTs: string;
    readonly since: string;
    readonly steps: readonly {
      readonly seq: number;
      readonly phase: string;
      readonly score: number;
      readonly by?: string;
    }[];
    readonly stepCount: number;
  })[];
}

const get = (path: string) => fetch(new URL(path, http.url()!));
const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T;
const numbers = async (query: string) =>
  (await json<Alerts>(`/api/alerts${query}`)).alerts.map(({ id }) => Number(id.slice(-6)));

test("the OpenAPI document names each route, and every answer is as it says", async () => {
  assert.match(openApi.openapi, /^3\.1\./);
  assert.equal(Object.keys(openApi.paths), [...paths]);
  view.history.record(alertStep(1, 1, 0));
  view.history.record(alertStep(1, 2, 1, { phase: "acknowledged", by: "kim", evidence: picture(1) }));
  for (const [path, schema] of [
    ["/", "Index"],
    ["/healthz", "Alive"],
    ["/readyz", "Readiness"],
    ["/api/cameras", "Cameras"],
    ["/api/alerts", "Alerts"],
    ["/api/commands", "Commands"],
    ["/api/session", "Session"],
    ["/api/learning", "Learning"],
    ["/api/cameras/cam1/scores", "Scores"],
    ["/api/cameras/cam1/threshold-preview?threshold=0.3", "ThresholdPreview"],
    ["/api/alerts?limit=0", "Error"],
    ["/nowhere", "Error"],
  ] as const) {
    assert.equal(answerFaults(schema, await json(path)), [], path);
  }
  assert.is.not(answerFaults("Cameras", { cameras: [{ id: "cam1" }] }).length, 0, "a wrong answer would be noticed");
});

test("cameras are told by state and count, never by their source's address or password", async () => {
  const secret = {
    type: "rtsp",
    url: "rtsp://10.0.0.9/hidden",
    latencyMs: 1,
    transport: "tcp",
    codec: "auto",
  } as const;
  Object.assign(view.cameras[0], { config: { ...view.cameras[0].config, source: secret } });
  view.cameras[0].tell("no-signal", "cannot open rtsp://viewer:hunter2@10.0.0.9/");
  view.cameras[0].ledger.frameEntered();
  const text = await (await get("/api/cameras")).text();
  assert.not.match(text, "hunter2");
  assert.not.match(text, "hidden");
  const [cam1, cam2] = (JSON.parse(text) as { cameras: Record<string, unknown>[] }).cameras;
  assert.equal([cam1!.id, cam1!.state, cam1!.source, cam1!.threshold], ["cam1", "no-signal", "rtsp", 0.5]);
  assert.equal(cam1!.frames, { captured: 1, scored: 0, dropped: {}, failed: 0, inFlight: 1 });
  assert.equal([cam2!.enabled, cam2!.state, cam2!.stream], [false, "disabled", "/stream/cam2"]);
});

test("alerts: the latest step first, by camera, since a moment, as many as asked for", async () => {
  for (let n = 1; n <= 3; n += 1) view.history.record(alertStep(n, n, n, { camera: n === 2 ? "cam2" : "cam1" }));
  view.history.record(alertStep(1, 4, 4, { phase: "cleared" }));
  assert.equal(await numbers(""), [1, 3, 2]);
  assert.equal(await numbers("?camera=cam2"), [2]);
  assert.equal(await numbers("?since=2026-03-01T08:00:03.000Z"), [1, 3]);
  assert.equal(await numbers("?since=2026-03-01T09:00:03.500%2B01:00"), [1], "another zone");
  assert.equal(await numbers("?limit=2"), [1, 3]);
  assert.equal(await numbers("?camera=nobody"), []);
  const [first] = (await json<Alerts>("/api/alerts?limit=1")).alerts;
  assert.equal(
    [first!.stepCount, first!.since, first!.ts],
    [2, "2026-03-01T08:00:01.000Z", "2026-03-01T08:00:04.000Z"],
  );
});

const region = (score: number) => ({ x: 1, y: 2, width: 3, height: 4, area: 10, score });
const picture = (n: number) => ({ topic: `retort/a/cam1/evidence/${n}`, sha256: String(n).repeat(64), bytes: n });

test("a past alert is shown at its worst: score, peak, regions, context and picture, and how it came there", async () => {
  const atPeak = { ts: "2026-03-01T08:00:02.500Z", regions: [region(1.5)], context: { part: "p2" } };
  const over = { score: 0.2, regions: [], atPeak };
  for (const step of [
    alertStep(1, 1, 1, { score: 0.9, peak: 0.9, evidence: picture(1), context: { part: "p1" } }),
    alertStep(1, 2, 2, { phase: "updated", score: 1.2, peak: 1.2, evidence: picture(2) }),
    alertStep(1, 3, 3, { phase: "updated", score: 1.1, peak: 1.2 }),
    alertStep(1, 4, 4, { ...over, phase: "cleared", peak: 1.5, durationMs: 3_000, frames: 30 }),
    alertStep(1, 5, 5, { ...over, phase: "acknowledged", peak: 1.5, durationMs: 3_000, frames: 30, by: "kim" }),
  ]) {
    view.history.record(step);
  }
  const [shown] = (await json<Alerts>("/api/alerts")).alerts;
  assert.equal(
    [shown!.phase, shown!.score, shown!.peak, shown!.peakTs, shown!.regions, shown!.context, shown!.evidence],
    ["acknowledged", 1.5, 1.5, atPeak.ts, [region(1.5)], { part: "p2" }, picture(2)],
  );
  assert.equal([shown!.since, shown!.durationMs, shown!.frames], ["2026-03-01T08:00:01.000Z", 3_000, 30]);
  assert.equal(
    shown!.steps.map(({ seq, phase, score, by }) => [seq, phase, score, ...(by === undefined ? [] : [by])].join(" ")),
    ["1 raised 0.9", "3 updated 1.1", "4 cleared 0.2", "5 acknowledged 0.2 kim"],
  );
  assert.is(shown!.stepCount, 5);
});

test("an alert that came back weaker keeps its worst frame and picture; its frames and its time add up", async () => {
  view.history.record(alertStep(1, 1, 1, { score: 1.5, peak: 1.5, evidence: picture(1), frames: 2, durationMs: 100 }));
  view.history.record(
    alertStep(1, 2, 2, { phase: "cleared", score: 0.1, peak: 1.5, regions: [], frames: 4, durationMs: 900 }),
  );
  const again = {
    raises: 2,
    score: 0.65,
    peak: 0.65,
    regions: [region(0.65)],
    evidence: picture(2),
    frames: 2,
    durationMs: 50,
  };
  view.history.record(alertStep(1, 3, 3, again));
  const [shown] = (await json<Alerts>("/api/alerts")).alerts;
  assert.equal(
    [
      shown!.phase,
      shown!.raises,
      shown!.peak,
      shown!.regions[0]!.score,
      shown!.evidence,
      shown!.frames,
      shown!.durationMs,
    ],
    ["raised", 2, 1.5, 0.9, picture(1), 6, 950],
  );
});

test("an alert that comes back all day stays an answer's size: its first step and the latest ones", async () => {
  for (let seq = 1; seq <= 100; seq += 1) {
    view.history.record(
      alertStep(1, seq, seq, { phase: seq % 2 === 1 ? "raised" : "cleared", raises: Math.ceil(seq / 2) }),
    );
  }
  const [shown] = (await json<Alerts>("/api/alerts")).alerts;
  assert.equal([shown!.steps.length, shown!.stepCount], [20, 100]);
  assert.equal([shown!.steps[0]!.seq, shown!.steps[1]!.seq, shown!.steps.at(-1)!.seq], [1, 82, 100]);
});

test("a threshold's preview: so many more, so many fewer, of parts where there are parts, else of frames", async () => {
  const preview = (camera: string, threshold: number) =>
    json<ThresholdPreview>(`/api/cameras/${camera}/threshold-preview?threshold=${threshold}`);
  for (const score of [0.1, 0.3, 0.6, 0.9]) {
    const judged = { score, verdict: score > 0.5 ? ("ng" as const) : ("ok" as const) };
    view.verdicts$.next(verdictOf({ camera: "cam1", ...judged }));
    const inspection = inspectionOf(greyFrame(0, undefined, { capturedAtMs: Date.now() }), { score });
    for (const { outcomes$ } of view.cameras) outcomes$.next({ kind: "inspected", inspection });
  }
  const lower = await preview("cam1", 0.2);
  assert.equal(lower.rejected, { past: 2, inForce: 2, proposed: 3 });
  assert.equal([lower.unit, lower.judged, lower.more, lower.fewer], ["part", 4, 1, 0]);
  const higher = await preview("cam2", 0.8);
  assert.equal([higher.unit, higher.judged, higher.more, higher.fewer], ["frame", 4, 0, 1]);
  const scores = await json<ScoresAnswer>("/api/cameras/cam1/scores?minutes=1");
  assert.equal([Math.max(...scores.max), Math.min(...scores.min)], [0.9, 0.1]);
  for (const path of ["nobody/scores", "nobody/threshold-preview?threshold=1"]) {
    assert.is((await get(`/api/cameras/${path}`)).status, 404, path);
  }
  assert.is((await get("/api/cameras/cam1/scores?minutes=Infinity")).status, 400);
  for (const query of ["", "?threshold=0", "?threshold=-1", "?threshold=x", "?threshold=Infinity"]) {
    assert.is((await get(`/api/cameras/cam1/threshold-preview${query}`)).status, 400, query);
  }
});

test("what is asked wrongly is refused with a code", async () => {
  const wrong = [
    "limit=0",
    "limit=501",
    "limit=x",
    "limit=Infinity",
    "limit=-Infinity",
    "limit=",
    "since=yesterday",
    "since=2026-13-01T00:00:00Z",
    "camera=",
    "since=5",
  ];
  for (const query of [...wrong, "nonsense=1", "camera=a&camera=b", `camera=${"x".repeat(201)}`, "__proto__=1"]) {
    const response = await get(`/api/alerts?${query}`);
    assert.is(response.status, 400, query);
    assert.is(((await response.json()) as { error: { code: string } }).error.code, "HTTP_PARAMETER_INVALID", query);
  }
});

test("evidence is a JPEG, or 404; a name that is no alert's never reaches the disk", async () => {
  const response = await get(`/api/alerts/${alertId(1)}/evidence.jpg`);
  assert.equal([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
  assert.equal([...new Uint8Array(await response.arrayBuffer())], [0xff, 0xd8, 0xff, 0xd9]);
  assert.is((await get(`/api/alerts/${alertId(2)}/evidence.jpg`)).status, 404);
  const asked: string[] = [];
  view.evidence.read = async (id) => {
    asked.push(id);
    throw new Error("/var/lib/retort/evidence broke");
  };
  for (const id of [
    "..%2f..%2fetc%2fpasswd",
    "x",
    `${alertId(1)}%00`,
    alertId(1).toUpperCase().replace("0189", "ABCD"),
  ]) {
    assert.is((await get(`/api/alerts/${id}/evidence.jpg`)).status, 400, id);
  }
  assert.equal(asked, []);
  const broken = await get(`/api/alerts/${alertId(3)}/evidence.jpg`);
  assert.is(broken.status, 500);
  assert.not.match(await broken.text(), "/var/lib");
  assert.ok(lines.some((line) => line.includes("broke")));
});

test.run();
