import fc from "fast-check";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { type AlarmPolicy, alarm } from "../../agent/scoring/alarm.js";
import { AlertGate } from "../../agent/scoring/alert-gate.js";
import { heldBack } from "../../agent/scoring/held-back.js";
import { raiseRate } from "../../agent/scoring/raise-rate.js";
import type { AlertStep } from "../../agent/types.js";
import { suite } from "../support/suite.js";
import { letter, letters, model, prompt, verdict, verdictsOf } from "../support/verdicts.js";

/** ISA-18.2: deadband, chattering, acknowledging, shelving, floods. */
const deadband = suite("alarm limits for on and off");

/** `#` the alarm stands. */
function stands(line: string, policy: AlarmPolicy, output: string): void {
  new TestScheduler(assert.equal).run(({ cold, flush }) => {
    let seen = "";
    cold(letters(line), verdictsOf(line))
      .pipe(alarm(policy))
      .subscribe(({ active }) => {
        seen += active ? "#" : "-";
      });
    flush();
    assert.is(seen, output);
  });
}

deadband("a score between the limits neither raises an alarm nor clears one", () => {
  // biome-ignore format: columns aligned
  stands(".hA.hAhhh.h", prompt,
         "--#--####--");
});
deadband("nor does it count among the good frames in a row that clear it", () => {
  // biome-ignore format: columns aligned
  stands("A.h.h..h", { ...prompt, clearAfter: 2 },
         "######--");
});
deadband("with one limit for both it clears at the threshold", () => {
  // biome-ignore format: columns aligned
  stands("Ah", { ...prompt, clearBelow: 1 }, //
         "#-");
});

deadband.run();

const gates = suite("alerts held back");

function step(id: string, phase: AlertStep["phase"], rest: Partial<AlertStep> = {}): AlertStep {
  const { inspection, threshold } = verdict(0.9, 0);
  return {
    id,
    phase,
    camera: "cam1",
    tsMs: 0,
    score: inspection.score,
    threshold: threshold.value,
    calibration: threshold.calibration,
    peak: 0.9,
    durationMs: 0,
    frames: 1,
    raises: 1,
    regions: [],
    model,
    context: null,
    ...rest,
  };
}

const gateOf = (limit: number) =>
  new AlertGate({ rate: raiseRate(limit), summaryEveryMs: 5_000, newId: () => "flood" });
const words = (steps: readonly AlertStep[]) =>
  steps.map(({ phase, id, suppressed, flood }) =>
    [
      phase,
      id,
      ...(suppressed === undefined ? [] : [`suppressed ${suppressed}`]),
      ...(flood ? [`of ${flood.alerts}`] : []),
    ].join(" "),
  );

gates("what is not shelved passes as it came, in its order", () => {
  const steps = ["raised", "updated", "acknowledged", "cleared"].map((phase) => step("1", phase as AlertStep["phase"]));
  new TestScheduler(assert.equal).run(({ cold, expectObservable }) => {
    const values = Object.fromEntries(steps.map((each, index) => [letter(index), each]));
    expectObservable(cold("ab-cd|", values).pipe(heldBack(gateOf(0), () => 0))).toBe("ab-cd|", values);
  });
});

gates("while shelved nothing is raised; its end tells the last as it stands, and how many there were", () => {
  const gate = gateOf(0);
  gate.shelve(null, 10_000);
  const during = [step("1", "raised"), step("1", "cleared"), step("2", "raised"), step("2", "updated")];
  assert.equal(
    during.flatMap((each) => gate.pass(each, 1_000)),
    [],
  );
  assert.equal(gate.tick(9_999), []);
  assert.equal(words(gate.tick(10_000)), ["raised 2 suppressed 2"]);
  assert.equal(words(gate.pass(step("2", "cleared"), 11_000)), ["cleared 2"]);
  assert.equal(gate.tick(12_000), []);
});

gates("one that came and went while shelved is told as cleared", () => {
  const gate = gateOf(0);
  gate.shelve(null, 10_000);
  assert.equal([...gate.pass(step("1", "raised"), 0), ...gate.pass(step("1", "cleared"), 1)], []);
  assert.equal(words(gate.tick(10_000)), ["cleared 1 suppressed 1"]);
});

gates("an alert told before is told cleared while shelved, and comes back into the list where it stands", () => {
  const gate = gateOf(0);
  assert.equal(words(gate.pass(step("1", "raised"), 0)), ["raised 1"]);
  gate.shelve("1", 10_000);
  assert.equal(gate.pass(step("1", "updated"), 1), []);
  assert.equal(words(gate.tick(10_000)), ["updated 1 suppressed 0"]);
  gate.shelve(null, 20_000);
  assert.equal(words(gate.pass(step("1", "cleared"), 11_000)), ["cleared 1"]);
  assert.equal(gate.tick(20_000), []);
});

gates("shelving one alert leaves the others alone, and holds it back when it returns", () => {
  const gate = gateOf(0);
  gate.shelve("1", 10_000);
  assert.equal(words(gate.pass(step("2", "raised"), 0)), ["raised 2"]);
  assert.equal(words(gate.pass(step("2", "cleared"), 0)), ["cleared 2"]);
  assert.equal(gate.pass(step("1", "raised", { raises: 2 }), 1), []);
  assert.equal(words(gate.unshelve("1") ?? []), ["raised 1 suppressed 1"]);
  assert.is(gate.unshelve("1"), null);
});

gates("a flood is one alert: raised at once, updated with the count every few seconds, cleared at its end", () => {
  const gate = gateOf(3);
  const cycle = (id: string, atMs: number) => [
    ...gate.pass(step(id, "raised"), atMs),
    ...gate.pass(step(id, "cleared"), atMs + 100),
  ];
  assert.equal(words(["1", "2", "3"].flatMap((id, n) => cycle(id, n * 1_000))), [
    ...["1", "2", "3"].flatMap((id) => [`raised ${id}`, `cleared ${id}`]),
  ]);
  assert.equal(words(["4", "5", "6"].flatMap((id, n) => cycle(id, 3_000 + n * 1_000))), ["raised flood of 1"]);
  assert.equal(gate.tick(7_000), []);
  assert.equal(words(gate.tick(8_000)), ["updated flood of 3"]);
  assert.equal(gate.tick(60_000), [], "nothing new, nothing to tell");
  assert.equal(gate.pass(step("7", "raised"), 61_000), [], "still a flood at more than half of the limit");
  assert.equal(words(gate.tick(66_000)), ["cleared flood of 4", "raised 7"]);
  assert.equal(words(gate.pass(step("7", "cleared"), 67_000)), ["cleared 7"]);
});

gates("floods are counted over all cameras", () => {
  const rate = raiseRate(2);
  const [a, b] = ["a", "b"].map((id) => new AlertGate({ rate, summaryEveryMs: 5_000, newId: () => `flood ${id}` }));
  assert.equal(words([...a!.pass(step("1", "raised"), 0), ...b!.pass(step("2", "raised"), 0)]), [
    "raised 1",
    "raised 2",
  ]);
  assert.equal(words(b!.pass(step("3", "raised"), 1)), ["raised flood b of 1"]);
});

gates("whatever happens: no count is lost, and what was told as raised is told as cleared", () => {
  const actions = fc.array(
    fc.oneof(
      fc.constantFrom("raise", "update", "clear", "clear", "shelve", "shelve one", "unshelve"),
      fc.integer({ min: 100, max: 40_000 }),
    ),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(actions, fc.integer({ min: 0, max: 6 }), (script, limit) => {
      const gate = gateOf(limit);
      const said: AlertStep[] = [];
      let nowMs = 0;
      let raised = 0;
      let open: string | null = null;
      let direct = 0;
      const say = (steps: readonly AlertStep[] | null) => said.push(...(steps ?? []));
      const clear = () => {
        if (open !== null) say(gate.pass(step(open, "cleared"), nowMs));
        open = null;
      };
      for (const action of script) {
        if (typeof action === "number") say(gate.tick((nowMs += action)));
        else if (action === "raise" && open === null) {
          // Now and then one of before, come back.
          open = String(raised % 5 === 4 ? raised - 2 : raised);
          raised += 1;
          const steps = gate.pass(step(open, "raised"), nowMs);
          direct += steps.filter(({ flood }) => flood === undefined).length;
          say(steps);
        } else if (action === "update" && open !== null) say(gate.pass(step(open, "updated"), nowMs));
        else if (action === "clear") clear();
        else if (action === "shelve") gate.shelve(null, nowMs + 20_000);
        else if (action === "shelve one") gate.shelve(open ?? "0", nowMs + 20_000);
        else if (action === "unshelve") say(gate.unshelve(null));
      }
      clear();
      say(gate.end(nowMs));
      const { shelved, flood } = gate.heldBack;
      assert.is(direct + shelved + flood, raised);
      const sum = (numbers: readonly (number | undefined)[]) => numbers.reduce<number>((a, b) => a + (b ?? 0), 0);
      assert.is(sum(said.map(({ suppressed }) => suppressed)), shelved);
      assert.is(sum(said.filter(({ phase }) => phase === "cleared").map((each) => each.flood?.alerts)), flood);
      for (const id of new Set(said.map((each) => each.id))) {
        const phases = said.filter((each) => each.id === id).map(({ phase }) => phase);
        assert.is(phases.at(-1), "cleared", `${id}: ${phases.join()}`);
      }
    }),
    { numRuns: 500 },
  );
});

gates.run();
