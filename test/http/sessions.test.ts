import * as assert from "uvu/assert";
import { openSessions } from "../../agent/http/sessions.js";
import { suite } from "../support/suite.js";

const test = suite("sessions of the live view");
const limits = { most: 3, longestMs: 1_000, unusedMs: 300 };
let nowMs = 0;
const open = () => {
  nowMs = 0;
  return openSessions(() => nowMs, limits);
};

test("a session is known by its name alone, which no two share and its id does not tell", () => {
  const sessions = open();
  const one = sessions.begin("act", "10.0.0.5");
  const other = sessions.begin("look", "10.0.0.6");
  assert.equal([sessions.use(one.name), sessions.use(other.name)], [one.session, other.session]);
  assert.is.not(one.name, other.name);
  assert.ok(one.name.length >= 43, "256 bits");
  assert.not(one.name.includes(one.session.id));
  for (const wrong of ["", one.session.id, `${one.name}x`, one.name.slice(1)]) assert.is(sessions.use(wrong), null);
});

test("it ends when it is ended, when it is not used, and after its time however much it is used", () => {
  const sessions = open();
  const ended = sessions.begin("act", "a");
  sessions.end(ended.session);
  assert.is(sessions.use(ended.name), null);
  assert.not(sessions.stands(ended.session));
  const unused = sessions.begin("act", "a");
  const used = sessions.begin("act", "a");
  for (; nowMs < 900; nowMs += 100) assert.ok(sessions.stands(used.session), String(nowMs));
  assert.is(sessions.use(unused.name), null);
  nowMs = 999;
  assert.ok(sessions.use(used.name) !== null);
  nowMs = 1_000;
  assert.is(sessions.use(used.name), null);
});

test("of too many the one that was not used for longest ends", () => {
  const sessions = open();
  const [first, second, third] = [1, 2, 3].map(() => sessions.begin("act", "a"));
  sessions.use(first!.name);
  sessions.begin("act", "a");
  assert.equal(
    [first, second, third].map((begun) => sessions.use(begun!.name) !== null),
    [true, false, true],
  );
});

test.run();
