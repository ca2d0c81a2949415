/** Good parts that drift are told of, and others are not. */
import * as assert from "uvu/assert";
import type { DriftHealth } from "../../agent/contract/drift.js";
import { Drift } from "../../agent/scoring/drift.js";
import { type GoodBand, type GoodReference, goodBand, referenceIn } from "../../models/judging/good-reference.js";
import { independentOf } from "../../models/judging/statistics.js";
import { thresholdFor } from "../../models/judging/threshold.js";
import { createRandom, type Random } from "../../models/random.js";
import { suite } from "../support/suite.js";

const test = suite("drift of good parts");

/** Log-normal, as good parts score: one spread is 0.15 on the logarithmic scale. */
const SPREAD = 0.15;
const scoreOf = (normal: number): number => 0.4 * Math.exp(SPREAD * normal);

const normalOf = (score: number): number => Math.log(score / 0.4) / SPREAD;

function referenceFrom(pictures: number, random: Random): GoodReference {
  const scores = Array.from({ length: pictures }, () => scoreOf(random.normal()));
  return referenceIn(thresholdFor({ heldOut: scores }).calibration)!;
}

/** A camera's drift, with the parts that pass it: one every sixteen seconds, so that 40 are a block. */
class Line {
  readonly random: Random;
  readonly changes: DriftHealth[] = [];
  readonly drift: Drift;
  reference: GoodReference | null;
  threshold = 10;
  #atMs = 0;

  constructor(seed: number, pictures: number | null = 100) {
    this.random = createRandom(seed);
    this.reference = pictures === null ? null : referenceFrom(pictures, this.random);
    this.drift = new Drift({
      reference: () => this.reference,
      clock: { wallMs: () => this.#atMs },
      onChange: (now) => this.changes.push(now),
      random: this.random.next,
    });
    this.drift.begin();
  }

  /** @param shift in spreads */
  passes(parts: number, shift = 0, normal = (): number => this.random.normal()): void {
    for (let part = 0; part < parts; part += 1) {
      this.#atMs += 16_000;
      const score = scoreOf(shift + normal());
      if (score <= this.threshold) this.drift.saw({ score, atMs: this.#atMs, tsMs: this.#atMs }, this.threshold);
    }
  }

  /** Parts until it says so, at most so many. */
  partsUntilDrifting(shift: number, most: number): number {
    for (let parts = 40; parts <= most; parts += 40) {
      this.passes(40, shift);
      if (this.drift.health.state === "drifting") return parts;
    }
    return Number.POSITIVE_INFINITY;
  }

  get state(): string {
    return this.drift.health.state;
  }
}

/** Block after block, more than a line of 24 hours a day makes in a month. */
const MONTH = 4_320 * 40;
const LEARNED = 21 * 40;

test("where nothing drifts no warning comes in a month, from a bundle of thirty pictures as from a thousand", () => {
  for (const [seed, pictures] of [30, 1_000].entries()) {
    const line = new Line(seed + 1, pictures);
    line.passes(MONTH);
    assert.is(line.state, "stable");
    assert.equal(line.changes, []);
  }
});

test("pictures that resemble those of the minutes before fake no drift in a month", () => {
  const line = new Line(1);
  // A first-order process that forgets in a minute, as variable as the independent one.
  const kept = Math.exp(-16_000 / 60_000);
  let now = 0;
  line.passes(MONTH, 0, () => {
    now = kept * now + Math.sqrt(1 - kept ** 2) * line.random.normal();
    return now;
  });
  assert.equal(line.changes, []);
});

test("a shift of one spread of the bundle's pictures, up or down, is told within a thousand parts, and once", () => {
  for (const spreads of [1, -1]) {
    for (let seed = 1; seed <= 10; seed += 1) {
      const line = new Line(seed);
      const band = goodBand(line.reference!, line.threshold) as GoodBand;
      const shift = normalOf(band.middle + spreads * band.spread);
      line.passes(LEARNED + 640);
      assert.is(line.state, "stable");
      const parts = line.partsUntilDrifting(shift, 1_000);
      assert.ok(parts <= 1_000, `seed ${seed}`);
      line.passes(LEARNED, shift);
      assert.is(line.changes.length, 1);
      assert.is(line.changes[0]!.direction, spreads > 0 ? "up" : "down");
      assert.not(line.changes[0]!.fromStart);
    }
  }
});

test("a drift that is over is told, and once", () => {
  const line = new Line(3);
  line.passes(LEARNED);
  line.passes(1_000, 1.5);
  line.passes(1_500);
  assert.equal(
    line.changes.map(({ state }) => state),
    ["drifting", "stable"],
  );
  assert.is(line.drift.health.proposedThreshold, null);
});

test("a threshold is proposed from the recent good scores by training's rule, with what it comes from", () => {
  const line = new Line(4);
  line.passes(LEARNED);
  line.passes(1_500, 1.5);
  const { proposedThreshold, observed, reference, spreads, reason } = line.drift.health;
  const parts = Array.from({ length: 2_000 }, () => scoreOf(1.5 + line.random.normal()));
  const { threshold } = thresholdFor({ heldOut: parts });
  assert.ok(Math.abs(proposedThreshold!.value / threshold - 1) < 0.05, `${proposedThreshold!.value}, ${threshold}`);
  assert.equal([proposedThreshold!.wanted, proposedThreshold!.applied], [0.01, false]);
  assert.is(proposedThreshold!.scores, observed!.scores);
  assert.ok(observed!.scores >= LEARNED && observed!.scores <= 21 * 64);
  assert.ok(Date.parse(observed!.to) - Date.parse(observed!.from) >= 20 * 600_000);
  assert.ok(reference!.band!.high < observed!.quantiles.find(({ share }) => share === 0.5)!.score);
  assert.ok(spreads! > 1 && spreads! < 2, String(spreads));
  assert.match(reason, "Look at pictures first");
});

test("a camera that sees something else from the first day on is told so", () => {
  const line = new Line(5);
  line.passes(LEARNED - 40, 2);
  assert.is(line.state, "learning");
  line.passes(40, 2);
  assert.equal([line.state, line.drift.health.fromStart], ["drifting", true]);
  assert.match(line.drift.health.reason, "since watching began");
  line.passes(LEARNED, 2);
  assert.is(line.changes.length, 1);
});

test("parts of one odd lot, for an hour, are no drift", () => {
  const line = new Line(6);
  line.passes(LEARNED);
  line.passes(225, 2, () => 0.2 * line.random.normal());
  line.passes(LEARNED);
  assert.equal(line.changes, []);
});

test("a line that stands still all night is no drift, and is told", () => {
  const line = new Line(6);
  line.passes(LEARNED);
  line.passes(3_000, 2, () => 0.01 * line.random.normal());
  assert.equal([line.state, line.changes], ["stable", []]);
  assert.match(line.drift.health.reason, "stands still");
  line.passes(LEARNED);
  assert.equal([line.state, line.changes], ["stable", []]);
  assert.not.match(line.drift.health.reason, "stands still");
});

test("with another threshold watching begins anew, and ends a drift", () => {
  const line = new Line(7);
  line.passes(LEARNED, 2);
  line.threshold = 9;
  line.passes(1, 2);
  assert.equal([line.state, line.drift.health.observed], ["learning", null]);
  assert.equal(
    line.changes.map(({ state }) => state),
    ["drifting", "learning"],
  );
});

test("a threshold that cuts good parts off does not make the others a drift", () => {
  const line = new Line(8, 1_000);
  line.threshold = scoreOf(0.5);
  line.passes(3 * LEARNED);
  assert.is(line.state, "stable");
  line.threshold = scoreOf(-0.5);
  line.passes(LEARNED);
  assert.is(line.state, "unknown");
  assert.match(line.drift.health.reason, "below the threshold");
});

test("a bundle that does not say what good parts score is unknown, with the reason; the scores are there all the same", () => {
  const line = new Line(9, null);
  assert.is(line.state, "unknown");
  line.passes(LEARNED, 5);
  const { state, reason, reference, observed, proposedThreshold } = line.drift.health;
  assert.equal([state, reference, proposedThreshold], ["unknown", null, null]);
  assert.match(reason, "retort calibrate");
  assert.ok(observed!.scores >= LEARNED);
  const few = new Line(10, 5);
  few.passes(1);
  assert.equal([few.state, few.drift.health.reason.includes("5 pictures")], ["unknown", true]);
});

test("of a fast camera only so many scores are kept, from all nests of a table alike", () => {
  const random = createRandom(11);
  const drift = new Drift({
    reference: () => null,
    clock: { wallMs: () => 0 },
    onChange: () => undefined,
    random: random.next,
  });
  drift.begin();
  for (let n = 0; n < 240_000; n += 1) drift.saw({ score: n % 8, atMs: n * 100, tsMs: n * 100 }, 10);
  const { scores, quantiles } = drift.health.observed!;
  assert.is(scores, 21 * 64);
  const middle = quantiles.find(({ share }) => share === 0.5)!.score;
  assert.ok(middle >= 3 && middle <= 4, String(middle));
});

test("scores that resemble their neighbours count for fewer", () => {
  const random = createRandom(12);
  const independent = Array.from({ length: 200 }, () => random.normal());
  assert.ok(independentOf(independent) > 100);
  let now = 0;
  const slow = independent.map((normal) => {
    now = 0.9 * now + normal;
    return now;
  });
  assert.ok(independentOf(slow) < 30, String(independentOf(slow)));
  assert.is(independentOf([0.5, 0.5, 0.5]), 1);
});

test.run();
