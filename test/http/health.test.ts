import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Http, openHttp } from "../../agent/http/open.js";
import { packageRoot } from "../../config/package-root.js";
import { alertStep } from "../support/alert-step.js";
import { greyFrame } from "../support/frames.js";
import { parseMetrics } from "../support/prometheus.js";
import { suite } from "../support/suite.js";
import { type TestView, testView } from "../support/view.js";

const test = suite("HTTP: health and metrics");
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let view: TestView;
let http: Http;
test.before.each(async () => {
  view = testView();
  http = openHttp(view, { version: "1.2.3", log });
  await http.tried;
});
test.after.each(() => http.close());

const get = (path: string) => fetch(new URL(path, http.url()!));

test("the process is alive, and / says what else can be asked", async () => {
  const alive = await get("/healthz");
  assert.equal([alive.status, await alive.json()], [200, { ok: true, reasons: [] }]);
  const { agent, version, routes } = (await (await get("/")).json()) as Record<string, unknown>;
  assert.equal([agent, version], ["line-7", "1.2.3"]);
  for (const route of routes as string[]) if (!route.includes("{")) assert.is((await get(route)).status, 200, route);
});

test("what only a new process can help makes it unwell, without a token; a camera without signal does not", async () => {
  const stuck = {
    what: "cameras.cam1",
    code: "PIPELINE_STUCK",
    reason: "2 frames were captured and not judged for 150 s",
  };
  view.setStuck([stuck]);
  const unwell = await get("/healthz");
  assert.equal([unwell.status, await unwell.json()], [503, { ok: false, reasons: [stuck] }]);
  view.setStuck([]);
  view.cameras[0].tell("no-signal", "unplugged");
  assert.is((await get("/healthz")).status, 200);
});

test("ready; a camera without signal and an absent broker are told, a disabled camera is not missed", async () => {
  const ready = await get("/readyz");
  assert.equal([ready.status, await ready.json()], [200, { ready: true, reasons: [] }]);
  view.cameras[0].tell("no-signal", "cannot open rtsp://viewer:hunter2@10.0.0.9/");
  view.setBroker(false);
  const response = await get("/readyz");
  assert.is(response.status, 503);
  const text = await response.text();
  assert.not.match(text, "hunter2");
  const { ready: isReady, reasons } = JSON.parse(text) as { ready: boolean; reasons: { what: string; code: string }[] };
  assert.is(isReady, false);
  assert.equal(
    reasons.map(({ what, code }) => `${what} ${code}`),
    ["mqtt BROKER_AWAY", "cameras.cam1 CAMERA_NOT_DELIVERING"],
  );
  view.setBroker(true);
  for (const state of ["idle", "anomalous"] as const) {
    view.cameras[0].tell(state);
    assert.is((await get("/readyz")).status, 200, state);
  }
});

test("metrics say what the agent's own account says, and follow it", async () => {
  const { ledger, outcomes$ } = view.cameras[0];
  for (let n = 0; n < 5; n += 1) ledger.frameEntered();
  ledger.framesDropped("newer-frame", 7);
  for (let n = 0; n < 3; n += 1) ledger.frameScored(20);
  ledger.frameFailed();
  const frame = greyFrame(0, undefined, { captureMs: 4, availableAtMs: performance.now() - 260 });
  const { model } = view.models.get("plate")!.engine;
  const map = new Float32Array(256);
  const inspected = { frame, map, model, queueMs: 2, inferenceMs: 30 };
  outcomes$.next({ kind: "inspected", inspection: { ...inspected, score: 0.1 } });
  outcomes$.next({ kind: "inspected", inspection: { ...inspected, score: 0.75 } });
  outcomes$.next({ kind: "failed", failure: { frame, code: "FRAME_SIZE", reason: "too small" } });
  for (const phase of ["raised", "updated", "updated"] as const) view.alerts$.next(alertStep(1, 1, 0, { phase }));
  const response = await get("/metrics");
  assert.match(response.headers.get("content-type")!, "text/plain; version=0.0.4");
  const first = parseMetrics(await response.text());
  assert.equal(
    [
      'retort_frames_captured_total{camera="cam1"}',
      'retort_frames_scored_total{camera="cam1"}',
      'retort_frames_failed_total{camera="cam1"}',
      'retort_frames_dropped_total{camera="cam1",reason="newer-frame"}',
      'retort_frames_in_flight{camera="cam1"}',
      'retort_frames_anomalous_total{camera="cam1"}',
      'retort_score_threshold{camera="cam1"}',
      'retort_score_sum{camera="cam1"}',
      'retort_score_bucket{le="0.12",camera="cam1"}',
      'retort_score_bucket{le="0.08",camera="cam1"}',
      'retort_alerts_total{camera="cam1",phase="updated"}',
      'retort_camera_state{camera="cam1",state="ok"}',
      'retort_camera_state{camera="cam2",state="disabled"}',
      'retort_camera_state{camera="cam2",state="ok"}',
      'retort_evidence_pictures_total{outcome="failed"}',
      "retort_evidence_bytes",
      "retort_broker_connected",
      "retort_messages_waiting",
      'retort_messages_lost_total{reason="overflow"}',
      "retort_outbox_bytes",
      "retort_outbox_pictures",
      "retort_outbox_full",
      "retort_outbox_depth",
      "retort_outbox_age_seconds",
      'retort_outbox_lost_total{reason="alert-room"}',
      'retort_latency_seconds_count{camera="cam1"}',
      'retort_latency_seconds_bucket{le="0.5",camera="cam1"}',
      'retort_latency_seconds_bucket{le="0.25",camera="cam1"}',
      'retort_inference_seconds_sum{camera="cam1"}',
      'retort_model_info{model="plate",name="tiny",version="1.0.0",provider="cpu"}',
      `retort_build_info{version="1.2.3",node="${process.version}"}`,
    ].map((series) => first.get(series)),
    [
      12, 3, 1, 7, 1, 1, 0.5, 0.85, 1, 0, 2, 1, 1, 0, 2, 1_048_576, 1, 2, 6, 4_000, 1, 0, 3, 1.5, 2, 2, 2, 0, 0.06, 1,
      1,
    ],
  );
  assert.ok(first.get("process_resident_memory_bytes")! > 1e6);
  assert.ok([...first.keys()].every((series) => /^(retort|process|nodejs)_/.test(series)));

  ledger.frameScored(20);
  view.setBroker(false);
  const second = parseMetrics(await (await get("/metrics")).text());
  assert.is(second.get('retort_frames_scored_total{camera="cam1"}'), 4, "counted once, however often it is read");
  assert.is(second.get("retort_broker_connected"), 0);
  assert.equal([...second.keys()], [...first.keys()], "no series is born by being read");
});

test("what has not happened yet is counted as 0 from the start: losses, alerts, anomalous frames, streams", async () => {
  const series = parseMetrics(await (await get("/metrics")).text());
  for (const each of [
    'retort_outbox_lost_total{reason="evidence-refused"}',
    'retort_messages_lost_total{reason="offline"}',
    'retort_frames_dropped_total{camera="cam2",reason="shutdown"}',
    'retort_alerts_total{camera="cam2",phase="acknowledged"}',
    'retort_frames_anomalous_total{camera="cam1"}',
    'retort_score_count{camera="cam1"}',
    'retort_stream_clients_cut_total{camera="cam1"}',
  ]) {
    assert.is(series.get(each), 0, each);
  }
});

test("metrics tell a blind model, a refused provider, stuck threads, temperatures and how full the disk is", async () => {
  const providers = () => ({
    used: "cpu",
    fault: "PROVIDER_NOT_USED: the model runs on cpu; tensorrt: no such library",
    tried: [
      { provider: "tensorrt", taken: false, reason: "no such library" },
      { provider: "cpu", taken: true, reason: "the best that works here" },
    ],
    engine: {
      state: "building-engine" as const,
      ...{ ageS: 90, attempt: 4, failures: 3, difference: null, failure: "no such library" },
      step: "its engine could not be built, and is tried again",
    },
  });
  const { engine } = view.models.get("plate")!;
  const other = openHttp(
    {
      ...view,
      models: new Map([["plate", { engine: { ...engine, providers } }]]),
      selfTests: () => ({ plate: { ts: "2026-03-01T08:00:00.000Z", passed: false, pictures: 4, reason: "blind" } }),
    },
    { version: "1", log },
  );
  await other.tried;
  const read = async (from: Http) => parseMetrics(await (await fetch(new URL("/metrics", from.url()!))).text());
  const [series, plain] = [await read(other), await read(http)];
  await other.close();
  assert.equal(
    [
      'retort_self_test_passed{model="plate"}',
      'retort_model_providers_refused{model="plate"}',
      'retort_model_provider_fault{model="plate"}',
      'retort_model_engine_building{model="plate"}',
      'retort_model_engine_age_seconds{model="plate",state="building-engine"}',
      'retort_model_engine_failures{model="plate"}',
      "retort_inference_threads_stuck",
      'retort_temperature_celsius{zone="cpu"}',
      "retort_gpu_load_ratio",
      "retort_outbox_max_bytes",
    ].map((name) => series.get(name)),
    [0, 1, 1, 1, 90, 3, 1, 61.5, 0.25, 16 * 1_048_576],
  );
  assert.is(plain.get('retort_model_providers_refused{model="plate"}'), 0);
  assert.is(plain.get('retort_model_provider_fault{model="plate"}'), 0);
  const [free, size] = ["free", "size"].map((what) => series.get(`retort_disk_${what}_bytes`)!);
  assert.ok(free! > 0 && size! > free!);
});

test("two scrapers see the same: a stall of the event loop stays in the counts that both read", async () => {
  const late = async () => {
    const series = parseMetrics(await (await get("/metrics")).text());
    const of = (what: string) => series.get(`retort_event_loop_delay_seconds_${what}`)!;
    return of("count") - of('bucket{le="0.1"}');
  };
  const before = await late();
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok((await late()) > before);
  assert.ok((await late()) > before, "whoever reads second");
});

const promtool = spawnSync("promtool", ["--version"]).error === undefined;
if (!promtool) console.log("skipped: promtool (Debian's package prometheus) is not here");

(promtool ? test : test.skip)("promtool has nothing against the metrics", async () => {
  view.cameras[0].outcomes$.next({
    kind: "failed",
    failure: { frame: greyFrame(0), code: "FRAME_SIZE", reason: "too small" },
  });
  const checked = spawnSync("promtool", ["check", "metrics"], {
    input: await (await get("/metrics")).text(),
    encoding: "utf8",
  });
  assert.equal([checked.status, checked.stderr], [0, ""]);
});

test("the documents name every metric, and none besides", async () => {
  const families = [...(await (await get("/metrics")).text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!);
  const page = readFileSync(join(packageRoot(), "docs/monitoring.md"), "utf8");
  const named = [...page.matchAll(/`((?:retort|process|nodejs)_[a-z_]*)(?:\{([a-z,]+)\}(\w*))?`/g)].flatMap(
    ([, head, middle, tail]) =>
      middle === undefined ? [head!] : middle.split(",").map((each) => `${head}${each}${tail}`),
  );
  assert.equal([...new Set(named)].sort(), families.sort());
});

test.run();
