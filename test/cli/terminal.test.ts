import * as assert from "uvu/assert";
import { terminalLine } from "../../agent/cli/event-line.js";
import { EventLines } from "../../agent/cli/event-lines.js";
import { duration, progressBar } from "../../agent/cli/progress.js";
import { sparkline } from "../../agent/cli/sparkline.js";
import { reportError, type Terminal } from "../../agent/cli/terminal.js";
import { working } from "../../agent/cli/working.js";
import { CodedError, type ErrorCode } from "../../errors.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("terminal");

function paper(): { readonly terminal: Terminal; readonly lines: string[] } {
  const lines: string[] = [];
  const out = () => assert.unreachable("stdout is for results");
  const terminal = {
    out,
    err: (line: string) => lines.push(line),
    stderr: process.stderr,
    interactive: false,
    coloured: false,
  };
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

test("work whose end nobody can foresee: a line in a log only when it takes long, and for a person a mark that is gone afterwards", async () => {
  const { terminal, lines } = paper();
  assert.is(await working(terminal, "measuring", async () => 7), 7);
  assert.equal(lines, []);
  await working(terminal, "measuring", () => until(() => lines.length > 0, "a line"));
  assert.equal(lines, ["measuring  0:02"]);
  const drawn: string[] = [];
  const stderr = Object.assign(Object.create(process.stderr), { write: (text: string) => drawn.push(text) > 0 });
  const failing = (say: (line: string) => void) => {
    say("the first half");
    return Promise.reject(new Error("no"));
  };
  const failed = await working({ ...terminal, interactive: true, stderr }, "measuring", failing).catch(String);
  assert.equal([failed, drawn], ["Error: no", ["\r| measuring  0:00", "\r\u001b[K", "\r\u001b[K"]]);
  assert.is(lines.at(-1), "the first half");
});

test("durations and curves fit a line", () => {
  assert.equal([0, 61_000, 3_723_000].map(duration), ["0:00", "1:01", "1:02:03"]);
  assert.is(sparkline([3, 2, 1]), "█▅▁");
  assert.is(sparkline([1, 1]), "▁▁");
  assert.is(sparkline(Array.from({ length: 1_000 }, (_, index) => index)).length, 60);
});

test("alerts and changed states have a line, scores have none", () => {
  const ts = "2026-01-02T03:04:05.678Z";
  const options = { coloured: false, seesParts: (camera: string) => camera === "station" };
  const send = (topic: string, payload: object) => terminalLine({ topic, payload }, options);
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
  assert.match(send("station/alert", { ...alert, camera: "station" }) ?? "", "  2 bad parts  ");
});

/** As it goes out. */
function verdictOf(verdict: string, rest: object = {}) {
  const payload = {
    v: 1,
    ts: "2026-01-02T03:04:05.678Z",
    camera: "cam1",
    verdict,
    part: 7,
    score: verdict === "unknown" ? null : 0.25,
    threshold: verdict === "unknown" ? null : 0.5,
    reason: verdict === "unknown" ? "IMAGE_UNREADABLE: it is no picture" : null,
    late: false,
    regions: [],
    ...rest,
  };
  return { topic: `${payload.camera}/verdict`, payload };
}

test("a part has one line: what it is called, its verdict, its score against the threshold, and where it is bad", () => {
  const lines = new EventLines({ coloured: false, seesParts: () => true }, () => 0);
  const regions = [{ x: 10.4, y: 20, width: 30, height: 40, area: 9, score: 1 }];
  assert.match(lines.of(verdictOf("ok"))[0]!, /^..:..:.. {2}OK {7}cam1 {2}part 7 {2}score 0.250 \(threshold 0.500\)$/);
  assert.match(
    lines.of(verdictOf("ng", { score: 0.75, regions, part: "a-17", file: "a.png" }))[0]!,
    / {2}NG {7}cam1 {2}part a-17 {2}score 0.750 \(threshold 0.500\) {2}30x40 at 10,20 {2}a.png$/,
  );
});

test("in colour a good part's word is green, a bad part's line red, and an alert has a ground of its own", () => {
  const lines = new EventLines({ coloured: true, seesParts: () => true }, () => 0);
  assert.match(lines.of(verdictOf("ok"))[0]!, "\u001b[32mOK\u001b[0m       cam1");
  assert.ok(lines.of(verdictOf("ng"))[0]!.startsWith("\u001b[31m"));
  assert.ok(lines.of(verdictOf("unknown"))[0]!.startsWith("\u001b[33m"));
  const figures = { score: 1, threshold: 1, peak: 1, frames: 2, durationMs: 1, raises: 1, regions: [] };
  const alert = { ts: "2026-01-02T03:04:05.678Z", phase: "raised", camera: "cam1", ...figures };
  assert.ok(lines.of({ topic: "cam1/alert", payload: { v: 1, ...alert } })[0]!.startsWith("\u001b[1;97;41m"));
});

test("parts that cannot be judged for ever, for one reason: the first has a line, the others are counted once a minute", () => {
  let nowMs = 0;
  const lines = new EventLines({ coloured: false, seesParts: () => true }, () => nowMs);
  const shown: string[] = [];
  const show = (...message: Parameters<EventLines["of"]>) => shown.push(...lines.of(...message));
  for (let part = 1; part <= 601; part += 1) {
    show(verdictOf("unknown", { part }));
    nowMs += 100;
  }
  assert.is(shown.length, 2);
  assert.match(shown[0]!, "UNKNOWN  cam1  part 1  IMAGE_UNREADABLE: it is no picture");
  assert.match(shown[1]!, "UNKNOWN  cam1  600 more, the last:  part 601  IMAGE_UNREADABLE");
  show(verdictOf("unknown", { part: 602 }));
  show(verdictOf("unknown", { part: 1, camera: "cam2" }));
  assert.is(shown.length, 3, "another camera's has its own");
  show(verdictOf("unknown", { part: 603, reason: "IMAGE_BLACK: 99 % of it" }));
  assert.match(shown[3]!, "cam1  1 more, the last:  part 602  IMAGE_UNREADABLE");
  assert.match(shown[4]!, "cam1  part 603  IMAGE_BLACK");
  show(verdictOf("unknown", { part: 604, reason: "IMAGE_BLACK: 98 % of it" }));
  show(verdictOf("ok", { part: 605 }));
  assert.match(shown[5]!, "cam1  1 more, the last:  part 604");
  assert.match(shown[6]!, "OK       cam1  part 605");
  show(verdictOf("unknown", { part: 606 }));
  show(verdictOf("unknown", { part: 607 }));
  assert.match(lines.rest().join(), "cam1  1 more, the last:  part 607");
  assert.equal([shown.length, lines.rest()], [8, []]);
});

test.run();
