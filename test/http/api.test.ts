import * as assert from "uvu/assert";
import { type Http, openHttp } from "../../agent/http/open.js";
import { paths } from "../../agent/http/routes.js";
import { alertId, alertStep } from "../support/alert-step.js";
import { answerFaults, openApi } from "../support/openapi.js";
import { suite } from "../support/suite.js";
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
  readonly alerts: readonly {
    readonly id: string;
    readonly steps: number;
    readonly since: string;
    readonly ts: string;
  }[];
}

const get = (path: string) => fetch(new URL(path, http.url()!));
const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T;
const numbers = async (query: string) =>
  (await json<Alerts>(`/api/alerts${query}`)).alerts.map(({ id }) => Number(id.slice(-6)));

test("the OpenAPI document names each route, and every answer is as it says", async () => {
  assert.match(openApi.openapi, /^3\.1\./);
  assert.equal(Object.keys(openApi.paths), [...paths]);
  view.history.record(alertStep(1, 1, 0, { phase: "cleared" }));
  for (const [path, schema] of [
    ["/", "Index"],
    ["/healthz", "Alive"],
    ["/readyz", "Readiness"],
    ["/api/cameras", "Cameras"],
    ["/api/alerts", "Alerts"],
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
  assert.equal([first!.steps, first!.since, first!.ts], [2, "2026-03-01T08:00:01.000Z", "2026-03-01T08:00:04.000Z"]);
});

test("what is asked wrongly is refused with a code", async () => {
  const wrong = [
    "limit=0",
    "limit=501",
    "limit=x",
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
