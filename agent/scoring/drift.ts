import type { ScoreQuantile } from "../../models/judging/calibration.js";
import { FOUR_FIFTHS, type GoodBand, type GoodReference, goodBand } from "../../models/judging/good-reference.js";
import { median, quantile } from "../../models/judging/statistics.js";
import { FALSE_ALARM_RATE, thresholdFor } from "../../models/judging/threshold.js";
import type { DriftHealth } from "../contract/drift.js";
import { timestamp } from "../contract/payloads.js";
import { driftInWords, REFERENCE_MISSING, STANDS_STILL, stableInWords } from "./drift-words.js";
import { BLOCK_SCORES, type ScoreBlock, ScoreBlocks, type SeenScore } from "./score-blocks.js";

export interface DriftDeps {
  /** What good parts should score, null where nobody knows; read when watching begins anew. */
  readonly reference: () => GoodReference | null;
  readonly clock: { readonly wallMs: () => number };
  /** Is told when a drift begins, and when it ends. */
  readonly onChange: (now: DriftHealth) => void;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** The latest ones that are held against the band. */
const BLOCKS = 21;
/** Of them so many medians must lie beyond the band, on one side, for a drift to begin. */
const BEGINS_WITH = BLOCKS - 1;
/** It goes on while more than so many do. */
const ENDS_WITH = (BLOCKS - 1) / 2;
/** Scores that vary by less of the reference's spread are all of one part: the line stands still. */
const STILL_SPREADS = 0.1;

type Recent = Pick<DriftHealth, "observed" | "proposedThreshold">;
const NOTHING: Recent = { observed: null, proposedThreshold: null };

type Judgement = Pick<DriftHealth, "state" | "reason" | "direction" | "fromStart" | "spreads">;

const AT_REST = { direction: null, fromStart: false, spreads: null } as const;
const NO_MODEL: Judgement = { ...AT_REST, state: "unknown", reason: "the model is not there" };
const NO_REFERENCE: Judgement = { ...AT_REST, state: "unknown", reason: REFERENCE_MISSING };

/**
 * Whether good parts drift: their rolling scores against those of good pictures that are known, for one camera.
 *
 * A sign test over blocks of time (see score-blocks.ts): it begins to drift when 20 of the latest 21 block medians lie on one side beyond the
 * band that good-reference.ts gives, which holds what the reference itself does not know. Were the true middle on the very edge of the
 * band, each block would lie beyond it by even chances, and 20 of 21 by 22 / 2^21, one in 95,000. At 4,320 looks a month, one a block,
 * that is one false warning in 22 months (Bonferroni's bound: nothing is supposed of looks that share blocks). Where nothing drifts the
 * edge is half a spread away, and it is far rarer. It supposes nothing of the distribution, and of the blocks that they are independent:
 * swings of the scores that last for hours are told as the drifts that they are. A shift of one spread of a reference
 * of a hundred pictures is found within 1,000 pictures that are independent, in no less than three hours. In memory alone: it begins anew with
 * the agent.
 */
export class Drift {
  readonly #deps: DriftDeps;
  readonly #cut: ScoreBlocks;
  /** The oldest first, at most BLOCKS. */
  #blocks: readonly ScoreBlock[] = [];
  #threshold: number | null = null;
  #reference: GoodReference | null = null;
  /** A string: why there is none. */
  #band: GoodBand | string | null = null;
  #judgement = NO_MODEL;
  #sinceMs: number;
  /** Whether the scores of late are all of one part. */
  #still = false;
  /** Whether enough was seen before. */
  #looked = false;
  /** Null: to be made from the latest blocks. */
  #recent: Recent | null = NOTHING;

  constructor(deps: DriftDeps) {
    this.#deps = deps;
    this.#cut = new ScoreBlocks(deps.random ?? Math.random);
    this.#sinceMs = deps.clock.wallMs();
  }

  /** Forgets what was seen: the camera was opened anew. */
  begin(): void {
    this.#start(null);
  }

  /**
   * Takes in a picture that was judged good.
   * @param threshold in force; with another one watching begins anew
   */
  saw(seen: SeenScore, threshold: number): void {
    if (threshold !== this.#threshold) this.#start(threshold);
    const block = this.#cut.add(seen);
    if (block === null) return;
    this.#still = this.#isStill(block);
    if (!this.#still) {
      this.#blocks = [...this.#blocks.slice(1 - BLOCKS), block];
      this.#recent = null;
    }
    const judgement = this.#judged();
    this.#looked ||= this.#blocks.length === BLOCKS;
    this.#becomes(judgement);
  }

  get health(): DriftHealth {
    const reference = this.#reference;
    this.#recent ??= this.#summary();
    const band = this.#band === null || typeof this.#band === "string" ? null : this.#band;
    return {
      ...this.#judgement,
      reason: this.#still ? `${this.#judgement.reason}. ${STANDS_STILL}` : this.#judgement.reason,
      since: timestamp(this.#sinceMs),
      reference: reference && {
        source: reference.source,
        pictures: reference.pictures,
        quantiles: rounded(reference.quantiles),
        band: band && { low: short(band.low), high: short(band.high) },
      },
      ...this.#recent,
    };
  }

  #start(threshold: number | null): void {
    this.#cut.begin();
    this.#blocks = [];
    this.#still = false;
    this.#looked = false;
    this.#recent = NOTHING;
    this.#threshold = threshold;
    this.#reference = this.#deps.reference();
    this.#band = this.#reference === null || threshold === null ? null : goodBand(this.#reference, threshold);
    this.#becomes(this.#judged());
  }

  #summary(): Recent {
    const blocks = this.#blocks;
    const heldOut = blocks.flatMap(({ scores }) => scores);
    const wanted = this.#reference?.wanted ?? FALSE_ALARM_RATE;
    const { threshold, calibration } = thresholdFor({ heldOut }, wanted);
    const proposed = { value: short(threshold), scores: heldOut.length, wanted, applied: false } as const;
    return {
      observed: {
        scores: heldOut.length,
        from: timestamp(blocks[0]!.fromMs),
        to: timestamp(blocks.at(-1)!.toMs),
        quantiles: rounded(calibration.quantiles),
      },
      proposedThreshold: this.#judgement.state === "drifting" ? proposed : null,
    };
  }

  #judged(): Judgement {
    const band = this.#band;
    if (this.#reference === null) return NO_REFERENCE;
    if (typeof band === "string") return { ...AT_REST, state: "unknown", reason: band };
    const medians = this.#blocks.map((block) => block.median);
    if (medians.length < BLOCKS || band === null) {
      const reason = `${medians.length} of ${BLOCKS} blocks are there, each of ten minutes and ${BLOCK_SCORES} good pictures at least`;
      return { ...AT_REST, state: "learning", reason };
    }
    const middle = median(medians);
    const spreads = (middle - band.middle) / band.spread;
    const direction = this.#directionOf(medians, band);
    const fromStart = direction !== null && (!this.#looked || this.#judgement.fromStart);
    const reason =
      direction === null
        ? stableInWords(middle, band)
        : driftInWords(direction, { spreads, middle, known: band.middle, fromStart, source: this.#reference.source });
    const state = direction === null ? "stable" : "drifting";
    return { state, reason, direction, fromStart, spreads: Math.round(spreads * 100) / 100 };
  }

  #isStill({ scores }: ScoreBlock): boolean {
    const band = this.#band;
    if (band === null || typeof band === "string") return false;
    const width = quantile(scores, 0.9) - quantile(scores, 0.1);
    return width < STILL_SPREADS * FOUR_FIFTHS * band.spread;
  }

  #directionOf(medians: readonly number[], { low, high }: GoodBand): "up" | "down" | null {
    const above = medians.filter((each) => each > high).length;
    const below = medians.filter((each) => each < low).length;
    const { direction } = this.#judgement;
    if (above >= BEGINS_WITH || (direction === "up" && above > ENDS_WITH)) return "up";
    if (below >= BEGINS_WITH || (direction === "down" && below > ENDS_WITH)) return "down";
    return null;
  }

  #becomes(now: Judgement): void {
    const before = this.#judgement;
    this.#judgement = now;
    if (now.state === before.state && now.direction === before.direction) return;
    this.#sinceMs = this.#deps.clock.wallMs();
    if (now.state === "drifting" || before.state === "drifting") this.#deps.onChange(this.health);
  }
}

/** Five digits: it goes out every ten seconds. */
const short = (score: number): number => Number(score.toPrecision(5));
const rounded = (quantiles: readonly ScoreQuantile[]): readonly ScoreQuantile[] =>
  quantiles.map(({ share, score }) => ({ share, score: short(score) }));
