import * as assert from "uvu/assert";
import { terminalLine } from "../../agent/cli/event-line.js";
import { duration, progressBar } from "../../agent/cli/progress.js";
import { sparkline } from "../../agent/cli/sparkline.js";
import { reportError, type Terminal } from "../../agent/cli/terminal.js";
import { CodedError, type ErrorCode } from "../../errors.js";
import { suite } from "../support/suite.js";

const test = suite("terminal");

function paper(): { readonly terminal: Terminal; readonly lines: string[] } {
  const lines: string[] = [];
  const out = () => assert.unreachable("stdout is for results");
  const terminal = { out, err: (line: string) => lines.push(line), stderr: process.stderr, interactive: false };
  return { terminal, lines };
}

test("an error tells its code, place and remedy; what the user handed in is status 2, the rest 1", () => {
  const status = (code: ErrorCode) =>
    reportError(new CodedError(code, "m", { remedy: "r", at: "a" }), paper().terminal);
  const codes: ErrorCode[] = [
    "CONFIG_INVALID",
    "BUNDLE_INVALID",
    "IMAGE_UNREADABLE",
    "WEIGHTS_MISMATCH",
    "ARCH_UNKNOWN",
    "DATA_LAYOUT",
  ];
  assert.equal(codes.map(status), [2, 2, 2, 2, 2, 2]);
  const running: ErrorCode[] = ["MQTT_EMBEDDED_FAILED", "BUNDLE_UNWRITABLE", "TRAINING_STOPPED", "ENGINE_NO_PROVIDER"];
  assert.equal(running.map(status), [1, 1, 1, 1]);
  const { terminal, lines } = paper();
  reportError(new CodedError("OUTBOX_LOST", "message", { remedy: "remedy", at: "place" }), terminal);
  assert.equal(lines, ["error OUTBOX_LOST: place: message", "  remedy"]);
});

test("where nobody watches, progress is a line now and then, and the last one always", () => {
  const { terminal, lines } = paper();
  let nowMs = 0;
  const bar = progressBar(terminal, "images", () => nowMs);
  for (let done = 1; done <= 100; done += 1) {
    nowMs += 100;
    bar.update(done, 100, "loss 1");
  }
  assert.equal(lines, [
    "1/100 images  loss 1  ETA 0:10",
    "51/100 images  loss 1  ETA 0:05",
    "100/100 images  loss 1  ETA 0:00",
  ]);
});

test("durations and curves fit a line", () => {
  assert.equal([0, 61_000, 3_723_000].map(duration), ["0:00", "1:01", "1:02:03"]);
  assert.is(sparkline([3, 2, 1]), "█▅▁");
  assert.is(sparkline([1, 1]), "▁▁");
  assert.is(sparkline(Array.from({ length: 1_000 }, (_, index) => index)).length, 60);
});

test("alerts and changed states have a line, scores have none", () => {
  const ts = "2026-01-02T03:04:05.678Z";
  const send = (topic: string, payload: object) => terminalLine({ topic, payload }, false);
  const regions = [{ x: 10.4, y: 20, width: 30, height: 40, area: 9, score: 1 }];
  const figures = { score: 1.25, threshold: 1, peak: 1.5, frames: 2, durationMs: 2_340, raises: 1 };
  const alert = { ts, phase: "raised", camera: "cam1", ...figures, regions };
  assert.match(
    send("cam1/alert", alert) ?? "",
    "ALERT raised   cam1  score 1.250 (threshold 1.000, peak 1.500)  2 frames  30x40 at 10,20",
  );
  assert.match(
    send("cam1/alert", { ...alert, score: 1.5, raises: 4 }) ?? "",
    "score 1.500 (threshold 1.000)  2 frames  30x40 at 10,20  back at its place, raise 4 of this alert",
  );
  assert.match(
    send("cam1/alert", { ...alert, phase: "cleared", score: 0.3, regions: [], atPeak: { ts, regions } }) ?? "",
    "ALERT cleared  cam1  peak 1.500 (threshold 1.000)  2 frames in 2.3 s  30x40 at 10,20",
  );
  assert.match(
    send("cam1/state", { ts, state: "no-signal", reason: "unplugged" }) ?? "",
    "cam1 is no-signal: unplugged",
  );
  assert.is(send("cam1/score", { ts, score: 1 }), null);
});

test.run();
