import type { Loss, Losses } from "./losses.js";
import { type Kept, withoutEvidence } from "./records.js";

/** Alerts that the disk does not take are held here, so many at most. */
const ALERTS = 5_000;

/** The oldest that only update go first, then the oldest. */
export function boundedInMemory(kept: readonly Kept[], losses: Losses): readonly Kept[] {
  let excess = kept.length - ALERTS;
  if (excess <= 0) return kept;
  const lost: Loss[] = [];
  const drop = (which: (each: Kept) => boolean) => (each: Kept) => {
    if (excess <= 0 || !which(each)) return true;
    excess -= 1;
    lost.push({ seq: each.seq, reason: "alert-memory" });
    return false;
  };
  const important = kept.filter(drop(({ payload }) => payload.phase === "updated"));
  const left = important.filter(drop(() => true));
  losses.add(lost);
  return left;
}

/** As a disk may still take them that is nearly full. */
export function withoutPictures(kept: readonly Kept[], losses: Losses): readonly Kept[] {
  losses.count("evidence-disk", kept.filter(({ evidence }) => evidence !== null).length);
  return kept.map((each) => (each.evidence === null ? each : withoutEvidence(each)));
}
