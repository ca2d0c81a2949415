import * as assert from "uvu/assert";
import { HangUps } from "../../agent/mqtt/hang-ups.js";
import type { Packet } from "../../agent/mqtt/packet.js";
import { suite } from "../support/suite.js";

const test = suite("mqtt hang-ups");
const packet = (topic: string, bytes = 10, key?: string): Packet => ({
  topic,
  payload: "x".repeat(bytes),
  qos: 1,
  retain: false,
  ...(key === undefined ? {} : { key }),
});

test("a packet on which four connections running ended, the last two on it alone, is convicted", () => {
  const hangUps = new HangUps(() => 0);
  const picture = packet("evidence", 10_000, "evidence 1");
  const state = packet("state");
  assert.equal(hangUps.ended("hung-up", [picture, state]), { suspect: false, convicted: null });
  assert.not(hangUps.careful);
  assert.equal(hangUps.ended("blame", [picture, state]), { suspect: true, convicted: null });
  assert.ok(hangUps.careful, "two suspects: one at a time from now on");
  assert.not(hangUps.answered(state), "there is still one");
  assert.equal(hangUps.ended("hung-up", [picture]), { suspect: true, convicted: null });
  assert.equal(hangUps.ended("hung-up", [picture]), { suspect: true, convicted: picture });
  assert.ok(hangUps.careful);
  hangUps.giveUp(picture);
  assert.not(hangUps.careful, "nothing is left to be careful about");
});

test("what the network ended, or a broker that shuts down, raises no suspicion", () => {
  const hangUps = new HangUps(() => 0);
  for (const effect of ["reconnect", "taken-over", "wait"] as const) {
    for (let n = 0; n < 6; n += 1) {
      assert.equal(hangUps.ended(effect, [packet("a")]), { suspect: false, convicted: null });
    }
  }
  assert.not(hangUps.careful);
});

test("care ends when every suspect was answered, when nothing was unanswered at an end, and with another packet", () => {
  const a = packet("a");
  const suspicious = (): HangUps => {
    const hangUps = new HangUps(() => 0);
    hangUps.ended("hung-up", [a]);
    hangUps.ended("hung-up", [a]);
    assert.ok(hangUps.careful);
    return hangUps;
  };
  const answered = suspicious();
  assert.ok(answered.answered(a));
  assert.not(answered.careful);
  const nothing = suspicious();
  assert.equal(nothing.ended("hung-up", []), { suspect: false, convicted: null });
  assert.not(nothing.careful);
  const another = suspicious();
  assert.equal(another.ended("hung-up", [packet("b")]), { suspect: false, convicted: null });
  assert.not(another.careful);
  const lived = suspicious();
  assert.ok(lived.exonerate());
  assert.not(lived.careful);
});

test("what was given up takes with it what is as large, or, if it was small, what is of its topic; for an hour", () => {
  let nowMs = 0;
  const hangUps = new HangUps(() => nowMs);
  hangUps.giveUp(packet("evidence/1", 20_000, "evidence 1"));
  assert.ok(hangUps.refuses(packet("evidence/2", 30_000, "evidence 2")));
  assert.ok(hangUps.refuses(packet("reply/snapshot", 20_010)));
  assert.not(hangUps.refuses(packet("evidence/3", 19_000, "evidence 3")));
  hangUps.giveUp(packet("cam1/score"));
  assert.ok(hangUps.refuses(packet("cam1/score", 20)));
  assert.not(hangUps.refuses(packet("cam1/state", 20)));
  nowMs = 3_600_000;
  assert.not(hangUps.refuses(packet("evidence/2", 30_000, "evidence 2")));
  assert.not(hangUps.refuses(packet("cam1/score", 20)));
});

test.run();
