import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import * as assert from "uvu/assert";
import type { AlertPayload, HealthPayload } from "../../agent/contract/payloads.js";
import { readRgb } from "../../models/pictures/images.js";
import { fakeEngine } from "../fakes/engine.js";
import { of } from "../support/agent-rig.js";
import { code, commandRig, result } from "../support/command-rig.js";
import { alertConfig, cameraConfig, configOf } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** The whole agent, its edges faked: what an operator's commands do to it. */
const test = suite("commands");
const { start, current } = commandRig(test);
const bad = 250;
const good = 10;
const GOOD = { source: "model", pictures: 50, quantiles: [{ share: 0.5, score: 0.2 }], wanted: 0.01 } as const;

test("disable and enable, and a restart of the agent keeps what was said last", async () => {
  const line = await start();
  await line.show(good);
  assert.equal(result(await line.ask("disable", { camera: "cam1" })), { camera: "cam1", enabled: false });
  assert.not(line.camera.watched());
  assert.is(line.states().at(-1), "disabled");
  assert.is(code(await line.ask("restart-camera", { camera: "cam1" })), "CAMERA_DISABLED");
  await current().stop();

  const next = await start(line.config);
  assert.not(next.camera.watched());
  assert.is(next.states().at(-1), "disabled");
  await next.ask("enable", { camera: "cam1" });
  await until(() => next.camera.watched(), "the camera opened");
  await next.show(good);
  assert.is(next.states().at(-1), "ok");
  await next.ask("enable", { camera: "cam1" });
  assert.is(next.states().at(-1), "ok");
});

test("an alert that stands is cleared when its camera is disabled or opened anew", async () => {
  const line = await start();
  await line.show(bad, bad);
  await line.ask("restart-camera", { camera: "cam1" });
  await until(() => line.camera.watched(), "the camera opened anew");
  await until(() => of(line.sent, "cam1/alert").length === 2, "two steps");
  assert.equal(
    of<AlertPayload>(line.sent, "cam1/alert").map(({ phase }) => phase),
    ["raised", "cleared"],
  );
});

test("restart-camera tries a model again that could not be loaded", async () => {
  let broken = true;
  const line = await start(configOf([cameraConfig("cam1")]), {
    loadModel: async () => {
      if (broken) throw new Error("half copied");
      return { engine: fakeEngine(), calibration: null };
    },
  });
  assert.is(line.states().at(-1), "faulted");
  assert.is(code(await line.ask("threshold", { camera: "cam1", threshold: 1 })), "CAMERA_NOT_READY");
  broken = false;
  await line.ask("restart-camera", { camera: "cam1" });
  await until(() => line.states().at(-1) === "ok", "ok");
});

test("threshold holds from the next frame on and after a restart; null goes back to the configuration", async () => {
  const line = await start();
  assert.equal(result(await line.ask("threshold", { camera: "cam1", threshold: 0.99 })), {
    camera: "cam1",
    threshold: 0.99,
    before: 0.5,
  });
  await line.show(bad);
  const scores = () => of<{ threshold: number; anomalous: boolean }>(line.sent, "cam1/score");
  assert.equal([scores()[0]!.threshold, scores()[0]!.anomalous], [0.99, false]);
  await line.show(255, 255);
  await until(() => of(line.sent, "cam1/alert").length === 1, "an alert");
  assert.is(of<AlertPayload>(line.sent, "cam1/alert")[0]!.calibration?.slice(0, 31), "set by the command threshold, 2");
  await current().stop();

  const next = await start(line.config);
  assert.is(current().cameras[0]!.threshold(), 0.99);
  await next.ask("threshold", { camera: "cam1", threshold: null });
  assert.is(current().cameras[0]!.threshold(), 0.5);
  for (const threshold of [0, -1, "low", {}]) {
    assert.is(code(await next.ask("threshold", { camera: "cam1", threshold })), "COMMAND_INVALID");
  }
});

interface InForce {
  readonly threshold: { readonly value: number; readonly source: string; readonly by: string; readonly since: string };
  readonly enabled: { readonly value: boolean; readonly source: string; readonly by: string };
  readonly shelved: { readonly until: string; readonly by: string } | null;
}

test("what a command set says so, by whom and since when; a later edit of the configuration is not beaten in silence", async () => {
  const line = await start();
  const inForce = async (of: typeof line) => {
    const { states } = result(await of.ask("status")) as { states: Record<string, { inForce: InForce }> };
    return states.cam1!.inForce;
  };
  const before = await inForce(line);
  assert.equal([before.threshold.source, before.enabled.source, before.shelved], ["model", "configuration", null]);
  await line.ask("threshold", { camera: "cam1", threshold: 0.9, by: "kim" });
  await line.ask("disable", { camera: "cam1", by: "lee" });
  await line.ask("shelve", { camera: "cam1", minutes: 5, by: "max" });
  const { threshold, enabled, shelved } = await inForce(line);
  assert.equal([threshold.value, threshold.source, threshold.by], [0.9, "command", "kim"]);
  assert.ok(Math.abs(Date.parse(threshold.since) - Date.now()) < 60_000);
  assert.equal([enabled.value, enabled.source, enabled.by, shelved?.by], [false, "command", "lee", "max"]);
  await current().stop();

  const [camera] = line.config.cameras;
  const edited = { ...line.config, cameras: [{ ...camera!, alert: { ...camera!.alert, threshold: 0.7 } }] };
  const next = await start(edited);
  const said = next.lines.find((text) => text.startsWith("cameras.cam1.alert.threshold: "))!;
  assert.match(said, "0.9 is in force, by the command threshold of kim, 2");
  assert.match(said, "the configuration says 0.7, and was model then");
  assert.match(next.lines.join("\n"), "cameras.cam1.enabled: false is in force, by the command disable of lee");
  await next.ask("enable", { camera: "cam1" });
  await until(() => current().cameras[0]!.threshold() === 0.9, "the model there again");
  await next.ask("threshold", { camera: "cam1", threshold: null });
  await until(() => current().cameras[0]!.threshold() === 0.7, "the configuration's threshold");
  const after = await inForce(next);
  assert.equal([after.threshold.source, after.enabled.source], ["configuration", "configuration"]);
  await current().stop();
  assert.not.match((await start(edited)).lines.join("\n"), "is in force");
});

test("calibrate sets the threshold by training's rule; a bad part among the frames is left out and named", async () => {
  const line = await start(configOf([cameraConfig("cam1")]), {
    loadModel: async () => ({ engine: fakeEngine(), calibration: null, goodReference: GOOD }),
  });
  const asked = line.ask("calibrate", { camera: "cam1", frames: 20 });
  await line.show(...Array.from({ length: 20 }, (_, n) => (n === 7 ? bad : 100 + n)));
  const found = result(await asked);
  assert.is(found.images, 19);
  assert.ok(Number(found.threshold) > 119 / 255 && Number(found.threshold) < 0.6, String(found.threshold));
  assert.equal(
    (found.leftOut as { score: number }[]).map(({ score }) => Math.round(score * 255)),
    [bad],
  );
  assert.is(current().cameras[0]!.threshold(), found.threshold);
  const heldAgainst = () => current().cameras[0]!.drift.reference?.source;
  assert.is(heldAgainst(), "model");
  await line.show(good);
  assert.is(heldAgainst(), "calibrate");

  const dark = (force: boolean) => line.ask("calibrate", { camera: "cam1", frames: 20, force });
  const show = () => line.show(...Array.from({ length: 20 }, (_, n) => 10 + (n % 3)));
  const refused = dark(false);
  await show();
  assert.is(code(await refused), "CALIBRATE_IMPLAUSIBLE");
  assert.is(current().cameras[0]!.threshold(), found.threshold);
  const forced = dark(true);
  await show();
  assert.ok(Number(result(await forced).threshold) < 0.1);
});

test("calibrate changes nothing where good parts would have to be defects, many differ, or too few frames come", async () => {
  const line = await start(configOf([cameraConfig("cam1", { alert: alertConfig({ raiseAfter: 100 }) })]), {
    loadModel: async () => ({ engine: fakeEngine({ threshold: 0.1 }), calibration: null }),
  });
  for (const [index, value] of [
    [20, bad],
    [4, bad],
    [20, 70],
    [20, 0],
  ] as const) {
    const asked = line.ask("calibrate", { camera: "cam1", frames: 20 });
    await line.show(...Array.from({ length: 20 }, (_, n) => (n < index ? value : good)));
    assert.is(code(await asked), "CALIBRATE_IMPLAUSIBLE", `${index} frames of ${value}`);
    await line.show(...Array.from({ length: 10 }, () => good));
  }
  const late = line.ask("calibrate", { camera: "cam1", frames: 20, seconds: 1 });
  await line.show(good, good);
  assert.ok(["CALIBRATE_TOO_FEW_FRAMES", "COMMAND_TIMEOUT"].includes(code(await late)));
  assert.is(current().cameras[0]!.threshold(), 0.1);
});

test("calibrate is refused while an alert stands", async () => {
  const line = await start();
  await line.show(bad, bad);
  await until(() => of(line.sent, "cam1/alert").length === 1, "an alert");
  assert.is(code(await line.ask("calibrate", { camera: "cam1", frames: 20 })), "CALIBRATE_ALERT_STANDS");
});

test("a shelved camera raises nothing, its count is kept, and shelving goes on after a restart", async () => {
  const line = await start();
  const alerts = () => of<AlertPayload>(line.sent, "cam1/alert");
  const { until: end } = result(await line.ask("shelve", { camera: "cam1", minutes: 60 }));
  assert.ok(Math.abs(Date.parse(String(end)) - Date.now() - 3_600_000) < 60_000);
  await line.show(bad, bad, good, good, bad, bad);
  const status = result(await line.ask("status")) as unknown as HealthPayload;
  assert.equal(status.cameras.cam1!.alerts.heldBack, { shelved: 2, flood: 0 });
  assert.equal(alerts(), []);
  await line.ask("shelve", { camera: "cam1", minutes: 0 });
  await until(() => alerts().length === 1, "what was held back");
  assert.equal([alerts()[0]!.phase, alerts()[0]!.suppressed], ["raised", 2]);
  assert.is(code(await line.ask("shelve", { camera: "cam1", minutes: 0 })), "NOT_SHELVED");
  await line.ask("shelve", { camera: "cam1", minutes: 60 });
  await current().stop();

  const next = await start(line.config);
  await next.show(bad, bad);
  const { cameras } = result(await next.ask("status")) as unknown as HealthPayload;
  assert.is(cameras.cam1!.alerts.heldBack.shelved, 1);
  assert.ok(Date.parse(cameras.cam1!.alerts.shelvedUntil!) > Date.now());
});

test("an alert that is shelved says so, and is quiet until it is cleared", async () => {
  const line = await start();
  const alerts = () => of<AlertPayload>(line.sent, "cam1/alert");
  await line.show(bad, bad);
  await until(() => alerts().length === 1, "the alert");
  const { id } = alerts()[0]!;
  await line.ask("shelve", { alert: id, minutes: 1 });
  await line.show(bad, good, good);
  await until(() => alerts().length === 3, "three steps");
  assert.equal(
    alerts().map(({ phase }) => phase),
    ["raised", "shelved", "cleared"],
  );
  assert.is(code(await line.ask("shelve", { alert: "no-such", minutes: 1 })), "ALERT_UNKNOWN");
  for (const args of [{ minutes: 1 }, { alert: id, camera: "cam1", minutes: 1 }, { camera: "cam1", minutes: 1e6 }]) {
    assert.is(code(await line.ask("shelve", args)), "COMMAND_INVALID");
  }
});

test("snapshot is the camera's next picture, as JPEG", async () => {
  const line = await start();
  const asked = line.ask("snapshot", { camera: "cam1" });
  await line.show(200);
  const { base64, width, height, size, contentType } = result(await asked);
  assert.equal([width, height, size, contentType], [16, 16, "camera", "image/jpeg"]);
  const { data, info } = await sharp(Buffer.from(String(base64), "base64"))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal([info.width, info.height], [16, 16]);
  assert.ok(Math.abs(data[0]! - 200) <= 3);
  assert.is(code(await line.ask("snapshot", { camera: "cam9" })), "CAMERA_UNKNOWN");
});

test("snapshot is in the camera's own pixels; the model's where they are asked for, or the camera's are gone", async () => {
  const line = await start();
  const own = { pixels: new Uint8Array(40 * 30 * 3).fill(90), size: { width: 40, height: 30 } };
  const view = { x: 0, y: 0, ...own.size };
  const taken = async (args: object, original: () => Promise<typeof own | null>) => {
    const asked = line.ask("snapshot", { camera: "cam1", ...args });
    line.camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(200, undefined, { view, original }) });
    const { width, height, size, base64 } = result(await asked);
    const { channels } = await sharp(Buffer.from(String(base64), "base64")).stats();
    return [width, height, size, Math.round(channels[0]!.mean / 10) * 10];
  };
  assert.equal(await taken({}, async () => own), [40, 30, "camera", 90]);
  assert.equal(await taken({ size: "model" }, async () => own), [16, 16, "model", 200]);
  assert.equal(await taken({}, async () => null), [16, 16, "model", 200]);
});

test("feedback keeps the raw frame of an alert, under its verdict", async () => {
  const line = await start();
  await line.show(good, bad, bad);
  await until(() => of(line.sent, "cam1/alert").length === 1, "the alert");
  const id = of<AlertPayload>(line.sent, "cam1/alert")[0]!.id;
  const { kept } = result(await line.ask("feedback", { alert: id, verdict: "not_a_defect" }));
  assert.is(kept, join(line.config.state.path, "feedback", "not_a_defect", "cam1", `${id}.webp`));
  assert.equal(await readRgb(String(kept), { width: 16, height: 16 }), greyFrame(bad).pixels);
  assert.is(code(await line.ask("feedback", { alert: id, verdict: "maybe" })), "COMMAND_INVALID");
  assert.is(code(await line.ask("feedback", { alert: "../..", verdict: "defect" })), "FEEDBACK_ALERT_INVALID");
  assert.is(
    code(await line.ask("feedback", { alert: `${id.slice(0, -1)}x`, verdict: "defect" })),
    "FEEDBACK_ALERT_INVALID",
  );
});

test("status tells the health and the states at this moment", async () => {
  const line = await start();
  await line.show(good, bad, bad);
  const status = result(await line.ask("status"));
  assert.equal(schemaFaults("health", status), []);
  assert.is((status.cameras as { cam1: { scored: number } }).cam1.scored, 3);
  const { state, enabled, threshold } = (status.states as Record<string, Record<string, unknown>>).cam1!;
  assert.equal([state, enabled, threshold], ["anomalous", true, 0.5]);
});

test("a change that cannot be kept is refused, and the camera goes on", async () => {
  const line = await start();
  const folder = line.config.state.path;
  // A folder in the draft's place: not even root can write it.
  await mkdir(join(folder, "settings.json.draft"));
  assert.is(code(await line.ask("disable", { camera: "cam1" })), "SETTINGS_UNWRITABLE");
  await line.show(good);
  assert.is(line.states().at(-1), "ok");
});

test.run();
