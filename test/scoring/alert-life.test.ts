import { from, map, type Observable } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { alarm } from "../../agent/scoring/alarm.js";
import { AlertLife } from "../../agent/scoring/alert-life.js";
import { alerts } from "../../agent/scoring/alerts.js";
import { sightingOf } from "../../agent/scoring/sighting.js";
import type { AlertStep, Context } from "../../agent/types.js";
import { suite } from "../support/suite.js";
import { letters, prompt, verdict, verdictsOf } from "../support/verdicts.js";

const merging = suite("a repeating defect");

/** `phase id raises`, each at its frame; `-` where nothing is told. */
function told(line: string, mergeWithinMs: number, output: string, values: Record<string, string>): void {
  new TestScheduler(assert.equal).run(({ cold, expectObservable }) => {
    let ids = 0;
    const life = new AlertLife({ mergeWithinMs, newId: () => `${(ids += 1)}` });
    const steps$ = cold(letters(line), verdictsOf(line)).pipe(alarm(prompt), alerts(life));
    expectObservable(mapped(steps$)).toBe(output, values);
  });
}

const mapped = (steps$: Observable<AlertStep>) =>
  steps$.pipe(map(({ phase, id, raises, frames }) => `${phase} ${id}, raised ${raises}, frames ${frames}`));

merging("that comes back at its place soon enough is the same alert, raised again", () => {
  // biome-ignore format: columns aligned
  told("A.A.", 2_000,
       "rcRC", {
    r: "raised 1, raised 1, frames 1", c: "cleared 1, raised 1, frames 1",
    R: "raised 1, raised 2, frames 1", C: "cleared 1, raised 2, frames 1",
  });
});
merging("whose place another defect merely touches is not that defect", () => {
  // biome-ignore format: columns aligned
  told("A.W.", 2_000,
       "rcsd", {
    r: "raised 1, raised 1, frames 1", c: "cleared 1, raised 1, frames 1",
    s: "raised 2, raised 1, frames 1", d: "cleared 2, raised 1, frames 1",
  });
});
merging("at another place, or too late, it is another alert", () => {
  // biome-ignore format: columns aligned
  told("A.B...A.", 2_000,
       "rcsd--te", {
    r: "raised 1, raised 1, frames 1", c: "cleared 1, raised 1, frames 1",
    s: "raised 2, raised 1, frames 1", d: "cleared 2, raised 1, frames 1",
    t: "raised 3, raised 1, frames 1", e: "cleared 3, raised 1, frames 1",
  });
});
merging("never is it the same alert where nothing is to be merged", () => {
  // biome-ignore format: columns aligned
  told("A.A.", 0,
       "rcsd", {
    r: "raised 1, raised 1, frames 1", c: "cleared 1, raised 1, frames 1",
    s: "raised 2, raised 1, frames 1", d: "cleared 2, raised 1, frames 1",
  });
});

merging("a clock that is set back or forward neither silences an alert, stretches it, nor merges two", () => {
  const life = new AlertLife({ mergeWithinMs: 2_000 });
  const follow = (score: number, second: number, wallMs: number, rest: { active: boolean; raises?: boolean }) => {
    const seen = verdict(score, second);
    const { frame } = seen.inspection;
    const inspection = { ...seen.inspection, frame: { ...frame, capturedAtMs: wallMs } };
    const judged = { ...seen, inspection };
    return life.follow({ verdict: judged, active: rest.active, onset: rest.raises ? [sightingOf(judged)] : null });
  };
  const hourMs = 3_600_000;
  const raised = follow(0.9, 1, 100 * hourMs, { active: true, raises: true });
  const updated = follow(0.9, 3, 1 * hourMs, { active: true });
  const cleared = follow(0.1, 4, 200 * hourMs, { active: false });
  assert.equal([raised?.phase, updated?.phase, cleared?.phase], ["raised", "updated", "cleared"]);
  assert.equal([updated?.durationMs, cleared?.durationMs], [2_000, 3_000]);
  const later = follow(0.9, 60, 1 * hourMs, { active: true, raises: true });
  assert.is.not(later?.id, raised?.id);
});

merging("each step says how the threshold was set that its frame was judged by", () => {
  const life = new AlertLife();
  const judged = (score: number, second: number, calibration: string | null) => {
    return { ...verdict(score, second), threshold: { value: 0.5, calibration } };
  };
  const first = judged(0.9, 1, "good-max, 40 images");
  const raised = life.follow({ verdict: first, active: true, onset: [sightingOf(first)] });
  const updated = life.follow({ verdict: judged(0.9, 3, "set for this camera"), active: true, onset: null });
  const acknowledged = life.acknowledge(raised!.id, 4_000);
  assert.equal(
    [raised, updated, acknowledged].map((step) => step?.calibration),
    ["good-max, 40 images", "set for this camera", "set for this camera"],
  );
});

merging.run();

const figures = suite("an alert's figures");

/** A frame a second of one defect, good at 0.1. */
function stepsOf(scores: readonly number[], parts: readonly string[] = [], raiseAfter = 1): AlertStep[] {
  const steps: AlertStep[] = [];
  let ids = 0;
  const life = new AlertLife({ mergeWithinMs: 10_000, newId: () => `${(ids += 1)}` });
  const verdicts = scores.map((score, second) => {
    const seen = verdict(score, second);
    const context: { context?: Context } = parts[second] === undefined ? {} : { context: { part: parts[second] } };
    return { ...seen, inspection: { ...seen.inspection, frame: { ...seen.inspection.frame, ...context } } };
  });
  from(verdicts)
    .pipe(alarm({ ...prompt, raiseAfter, within: 3 }), alerts(life))
    .subscribe((step) => steps.push(step));
  return steps;
}

figures("a return tells its own peak, frames and duration: it may be another part", () => {
  assert.equal(
    stepsOf([1.5, 1.2, 0.1, 0.65, 0.1]).map(({ id, phase, score, peak, frames, durationMs, raises }) =>
      [id, phase, score, peak, frames, durationMs, raises].join(" "),
    ),
    [
      "1 raised 1.5 1.5 1 0 1",
      "1 updated 1.2 1.5 2 1000 1",
      "1 cleared 0.1 1.5 2 2000 1",
      "1 raised 0.65 0.65 1 0 2",
      "1 cleared 0.1 0.65 1 1000 2",
    ],
  );
});

figures("parts that the line's control names apart are never one alert; the same part is", () => {
  const raised = (...parts: string[]) =>
    stepsOf([0.9, 0.1, 0.9, 0.1], parts)
      .filter(({ phase }) => phase === "raised")
      .map(({ id }) => id);
  assert.equal(raised("p1", "p1", "p2", "p2"), ["1", "2"]);
  assert.equal(raised("p1", "p1", "p1", "p1"), ["1", "1"]);
  assert.equal(raised("p1", "p1"), ["1", "2"], "no part any more");
  assert.equal(raised(), ["1", "1"]);
});

figures("every step shows what the frame of its peak showed, whichever frame it reports", () => {
  const [raised, cleared] = stepsOf([1.5, 0.9, 0.1], ["p1", "p2", "p3"], 2);
  assert.equal(
    [raised!.score, raised!.peak, raised!.regions[0]!.score, raised!.context?.part],
    [0.9, 1.5, Math.fround(0.9), "p2"],
  );
  assert.equal([cleared!.score, cleared!.peak, cleared!.regions], [0.1, 1.5, []]);
  for (const step of [raised!, cleared!]) {
    const { tsMs, regions, context } = step.atPeak!;
    assert.equal([tsMs, regions[0]!.score, context], [0, 1.5, { part: "p1" }], step.phase);
  }
  assert.is(stepsOf([0.9])[0]!.atPeak, undefined, "the frame that is reported is the worst");
});

figures.run();
