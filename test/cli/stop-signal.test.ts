import * as assert from "uvu/assert";
import { onStopSignal } from "../../agent/cli/stop-signal.js";
import { suite } from "../support/suite.js";

const test = suite("stop signal");

test("a Ctrl-C that npm hands on as well stops once; a later one ends the process", () => {
  let nowMs = 5_000;
  const done: string[] = [];
  const off = onStopSignal((signal) => done.push(signal), { nowMs: () => nowMs, end: () => done.push("ended") });
  process.emit("SIGINT", "SIGINT");
  nowMs += 300;
  process.emit("SIGINT", "SIGINT");
  assert.equal(done, ["SIGINT"]);
  nowMs += 2_000;
  process.emit("SIGINT", "SIGINT");
  assert.equal(done, ["SIGINT", "ended"]);
  off();
  assert.is(process.listenerCount("SIGTERM"), 0);
});

test.run();
