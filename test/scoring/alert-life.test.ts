import { map, type Observable } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { alarm } from "../../agent/scoring/alarm.js";
import { AlertLife } from "../../agent/scoring/alert-life.js";
import { alerts } from "../../agent/scoring/alerts.js";
import type { AlertStep } from "../../agent/types.js";
import { suite } from "../support/suite.js";
import { letters, prompt, verdict, verdictsOf } from "../support/verdicts.js";

const merging = suite("a repeating defect");

/** `phase id raises`, each at its frame; `-` where nothing is told. */
function told(line: string, mergeWithinMs: number, output: string, values: Record<string, string>): void {
  new TestScheduler(assert.equal).run(({ cold, expectObservable }) => {
    let ids = 0;
    const life = new AlertLife({ mergeWithinMs, newId: () => `${++ids}` });
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
    R: "raised 1, raised 2, frames 2", C: "cleared 1, raised 2, frames 2",
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
    const onset = rest.raises ? { sinceMs: frame.availableAtMs, peak: score, frames: 1 } : null;
    const inspection = { ...seen.inspection, frame: { ...frame, capturedAtMs: wallMs } };
    return life.follow({ verdict: { ...seen, inspection }, active: rest.active, onset });
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
  const onset = { sinceMs: 1_000, peak: 0.9, frames: 1 };
  const raised = life.follow({ verdict: judged(0.9, 1, "good-max, 40 images"), active: true, onset });
  const updated = life.follow({ verdict: judged(0.9, 3, "set for this camera"), active: true, onset: null });
  const acknowledged = life.acknowledge(raised!.id, 4_000);
  assert.equal(
    [raised, updated, acknowledged].map((step) => step?.calibration),
    ["good-max, 40 images", "set for this camera", "set for this camera"],
  );
});

merging.run();
