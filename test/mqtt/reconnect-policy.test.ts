import * as assert from "uvu/assert";
import { type Ending, ReconnectPolicy } from "../../agent/mqtt/reconnect-policy.js";
import { suite } from "../support/suite.js";

const test = suite("mqtt reconnecting");

const neverUp: Ending = { kind: "never-up", code: "MQTT_UNREACHABLE" };
const lost = (rest: Partial<Extract<Ending, { kind: "lost" }>> = {}): Ending => ({
  kind: "lost",
  upMs: 60_000,
  answered: true,
  effect: "reconnect",
  suspect: false,
  blocked: false,
  ...rest,
});

test("pauses grow while nothing works, also with a broker that accepts and answers nothing, and begin anew once it does", () => {
  const policy = new ReconnectPolicy(() => 1);
  const wait = (ending: Ending): number => policy.after(ending).waitMs;
  assert.equal([wait(neverUp), wait(neverUp)], [250, 500]);
  assert.equal([wait(lost({ answered: false })), wait(lost({ answered: false }))], [1_000, 2_000]);
  assert.is(wait(lost()), 250);
});

test("a broker that asks for patience is left alone for most of a minute", () => {
  const policy = new ReconnectPolicy(() => 0);
  for (const ending of [
    { kind: "never-up", code: "MQTT_BANNED" },
    { kind: "never-up", code: "MQTT_LIMIT_EXCEEDED" },
    lost({ effect: "wait" }),
    lost({ effect: "no-qos" }),
    lost({ effect: "hung-up", suspect: true, blocked: true }),
  ] as const) {
    assert.equal(policy.after(ending), { waitMs: 30_000, idTaken: false });
  }
});

test("an id that another client takes: minutes apart, ever longer, and spread", () => {
  const policy = new ReconnectPolicy(() => 0.5);
  const taken = lost({ effect: "taken-over" });
  assert.equal(
    [1, 2, 3, 4, 5, 6].map(() => policy.after(taken)),
    [60_000, 120_000, 240_000, 480_000, 900_000, 900_000].map((waitMs) => ({ waitMs, idTaken: true })),
  );
  policy.after(lost({ upMs: 1_300_000 }));
  assert.equal(policy.after(taken), { waitMs: 60_000, idTaken: true });
  assert.is(new ReconnectPolicy(() => 0).after(taken).waitMs, 30_000);
  assert.is(new ReconnectPolicy(() => 1).after(taken).waitMs, 90_000);
});

test("where the broker does not say it: four short lives in a row that ended without a word, none refused between", () => {
  const short = lost({ upMs: 300, effect: "hung-up" });
  const taken = (endings: readonly Ending[]): boolean => {
    const policy = new ReconnectPolicy(() => 0);
    return endings.map((ending) => policy.after(ending).idTaken).includes(true);
  };
  assert.ok(taken([short, short, short, short]));
  assert.not(taken([short, short, neverUp, short, short]), "a broker that restarts");
  assert.not(taken([short, short, lost({ effect: "hung-up" }), short, short]), "a long life between");
  assert.not(taken([1, 2, 3, 4].map(() => lost({ upMs: 300 }))), "a broken network, a broker that shuts down");
  const unheard = lost({ upMs: 300, effect: "hung-up", answered: false });
  assert.not(taken([unheard, unheard, unheard, unheard]), "a proxy without its broker");
  const suspect = lost({ upMs: 300, effect: "hung-up", suspect: true });
  assert.not(taken([short, suspect, suspect, suspect, suspect, suspect]), "always on the same packet");
});

test.run();
