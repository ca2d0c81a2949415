import * as assert from "uvu/assert";
import { type WatchEvent, WatchEvents } from "../../agent/cli/watch-events.js";
import { WatchLines } from "../../agent/cli/watch-lines.js";
import { openValidator } from "../../agent/contract/validator.js";
import { alertStep } from "../support/alert-step.js";
import { suite } from "../support/suite.js";

const test = suite("what watch makes of messages");
const validate = openValidator();
const ts = "2026-03-01T08:00:00.000Z";

function watcher() {
  const events = new WatchEvents("retort", validate);
  const hear = (topic: string, payload: unknown) =>
    events.of({ topic: `retort/${topic}`, payload: Buffer.from(JSON.stringify(payload)) });
  return { events, hear };
}

const kinds = (events: readonly WatchEvent[]) => events.map(({ kind }) => kind).join();
const alert = (seq: number, seconds = seq) => alertStep(seq, seq, seconds);
const verdict = (seq: number, rest: object = {}) => ({
  ...{ v: 1, seq, camera: "cam1", part: seq, verdict: "ok", reason: null, unknownIs: null, ts, score: 0.1 },
  ...{
    threshold: 0.5,
    frames: 1,
    frame: seq,
    regions: [],
    evidence: null,
    latencyMs: 1,
    deadlineMs: null,
    late: false,
  },
  ...{ model: null, context: null, replayed: false, ...rest },
});

test("watch: alerts are numbered by agent, verdicts by camera; each gap says from where to where", () => {
  const { hear } = watcher();
  assert.is(kinds(hear("a/cam1/alert", alert(5))), "alert", "the first that is heard begins the count");
  assert.is(kinds(hear("b/cam1/alert", alert(9))), "alert");
  assert.is(kinds(hear("a/cam2/alert", alert(6))), "alert");
  const [gap] = hear("a/cam1/alert", alert(8));
  assert.equal(gap, { kind: "gap", agent: "a", camera: null, from: 7, to: 7, why: "unknown", reason: null });
  assert.is(kinds(hear("a/cam1/verdict", verdict(1))), "verdict");
  assert.is(kinds(hear("a/cam2/verdict", verdict(7))), "verdict");
  const [lost] = hear("a/cam1/verdict", verdict(4));
  assert.equal(lost, { kind: "gap", agent: "a", camera: "cam1", from: 2, to: 3, why: "unknown", reason: null });
});

test("watch: what is sent again after an outage is not shown again; a count that begins anew is told, once", () => {
  const { hear } = watcher();
  for (const seq of [1, 2, 3]) hear("a/cam1/alert", alert(seq));
  assert.equal(
    [2, 3].map((seq) => kinds(hear("a/cam1/alert", alert(seq)))),
    ["", ""],
  );
  assert.is(kinds(hear("a/cam1/alert", alert(1, 60))), "anew,alert");
  assert.is(kinds(hear("a/cam1/alert", alert(2, 61))), "alert");
});

test("watch: a gap is put down to its own outage, to what the agent has given up, or to nothing that is known", () => {
  const { events, hear } = watcher();
  hear("a/cam1/alert", alert(1));
  events.wentAway();
  assert.match(JSON.stringify(hear("a/cam1/alert", alert(3))), '"why":"disconnected"');
  hear("a/health", healthWith([{ from: 4, to: 6, reason: "alert-room" }]));
  assert.match(JSON.stringify(hear("a/cam1/alert", alert(7))), '"why":"given-up","reason":"alert-room"');
  assert.match(JSON.stringify(hear("a/cam1/alert", alert(9))), '"why":"unknown"');
});

test("watch: a state that comes again is no news; broken, foreign and endlessly nested messages are told once a topic, and end nothing", () => {
  const { events, hear } = watcher();
  const state = { v: 1, ts, state: "no-signal", since: ts, reason: "no picture" };
  assert.equal([hear("a/cam1/state", state), hear("a/cam1/state", state)].map(kinds), ["state", ""]);
  for (const [index, text] of ["{", '{"v":2}', "[".repeat(200_000), "\u0000"].entries()) {
    const topic = `retort/a/cam${index}/alert`;
    const told = [0, 1].map(() => kinds(events.of({ topic, payload: Buffer.from(text) })));
    assert.equal(told, ["unusable", ""], text.slice(0, 9));
  }
  const nested = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
  const deep = JSON.stringify(alert(1)).replace('"context":null', `"context":${nested}`);
  assert.is(kinds(events.of({ topic: "retort/a/deep/alert", payload: Buffer.from(deep) })), "unusable");
  for (const topic of ["a/cmd/alert", "a/reply/state", "a/cam1/score", "a/cam1/alert/x", "a"])
    assert.is(kinds(hear(topic, alert(1))), "", topic);
  assert.is(kinds(events.of({ topic: "retort/a/cam1/state", payload: Buffer.alloc(0) })), "", "taken away");
});

test("watch: a state that an alert brings has no line of its own, all others have, with their word; names of others cannot steer the terminal", () => {
  const { hear } = watcher();
  const options = { monotonicMs: () => 0, wallMs: () => 0 };
  const lines = new WatchLines({ coloured: true, agent: null, ...options });
  const show = (topic: string, payload: unknown) => hear(topic, payload).flatMap((event) => lines.of(event));
  const state = (word: string, second: number, reason: string | null = null) => {
    const at = `2026-03-01T08:00:0${second}.000Z`;
    return show("a/cam1/state", { v: 1, ts: at, state: word, since: at, reason });
  };
  assert.match(state("ok", 0).join(), "a/cam1 is \u001b[32mok\u001b[0m");
  assert.equal([state("anomalous", 1), state("ok", 2)], [[], []]);
  assert.match(
    state("no-signal", 3, "no picture for 5 s").join(),
    "\u001b[1;97;41mno-signal\u001b[0m: no picture for 5 s",
  );
  assert.match(state("ok", 4).join(), "is \u001b[32mok", "it is well again");
  const status = { v: 1, ts, state: "offline", version: "1", since: ts };
  assert.match(show("a/status", status).join(), "OFFLINE\u001b[0m: it went without a word");
  assert.match(show("a/cam1/alert", { ...alert(1), replayed: true }).join(), "(it waited for the broker)");
  assert.match(show("a/cam\u202e2/alert", alert(2)).join(), "a/cam\\u{202e}2");
  const one = new WatchLines({ coloured: false, agent: "a", ...options });
  assert.match(
    hear("a/cam1/verdict", verdict(1))
      .flatMap((event) => one.of(event))
      .join(),
    /OK {7}cam1 {2}part 1/,
  );
  assert.match(
    hear("a/cam1/verdict", verdict(3))
      .flatMap((event) => one.of(event))
      .join("\n"),
    "GAP      of the verdicts of cam1 number 2 is missing",
  );
});

function healthWith(gaps: readonly object[]): object {
  const outbox = {
    depth: 0,
    ageMs: 0,
    bytes: 0,
    evidence: 0,
    verdicts: 0,
    undurable: 0,
    full: false,
    lost: {},
    gaps,
    damage: [],
  };
  const broker = { connected: true, protocol: "5", waiting: 0, lost: {}, trouble: null };
  const memory = { rssMb: 1, anonymousMb: null, heapMb: 1 };
  return {
    ...{
      v: 1,
      ts,
      uptimeS: 1,
      cameras: {},
      providers: {},
      stuckThreads: 0,
      outbox,
      broker,
      modbus: null,
      sparkplug: null,
      evidence: null,
    },
    ...{
      selfTests: {},
      memory,
      temperaturesC: {},
      gpuLoad: null,
      powerW: {},
      powerMode: null,
      cpuFrequency: null,
      throttling: { reasons: [], events: {} },
    },
  };
}

test.run();
