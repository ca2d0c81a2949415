import type { Store } from "../store/store.js";
import type { Tally, VerdictNumbers } from "./account-record.js";
import { type Census, Change, census } from "./change.js";
import type { Loss, Losses, LossReason } from "./losses.js";
import { alertKey, verdictIn } from "./records.js";

/** The last numbers of alerts and verdicts. */
export interface LastNumbers {
  readonly alert: number;
  readonly verdicts: VerdictNumbers["last"];
}

export interface RecountOptions {
  readonly store: Store;
  /** Is given the counts of what has no number that could be named. */
  readonly losses: Losses;
  /** What there should be; null where nothing says. */
  readonly tally: Tally | null;
  /** No alert in the store has a lower number. */
  readonly first: number;
  /** The last numbers that are known to have been in the store. */
  readonly stored: LastNumbers;
  /** The last numbers that were handed out. */
  readonly handedOut: LastNumbers;
}

/** Reads everything. @returns what is there, and the numbers that should be there and are not as lost */
export async function recount(options: RecountOptions): Promise<Change> {
  const { store, losses, tally } = options;
  const found = await census(store);
  const change = new Change(found.tally);
  if (tally !== null) losses.count("evidence-damaged", tally.evidence.count - found.tally.evidence.count);
  const damaged = new Set(store.health().damage.flatMap(({ what }) => what));
  change.lost.push(...lostAlerts(options, found, damaged), ...lostVerdicts(options, found, damaged));
  return change;
}

function lostAlerts(options: RecountOptions, { tally: there, seqs }: Census, damagedKeys: ReadonlySet<string>): Loss[] {
  const { losses, tally, first, stored, handedOut } = options;
  const absent = (from: number, to: number, reason: LossReason): Loss[] =>
    numbers(from, to)
      .filter((seq) => !seqs.has(seq) && !losses.holds(seq))
      .map((seq) => ({ seq, reason }));
  const [lowest = stored.alert + 1] = seqs;
  let damaged = absent(tally === null ? lowest : first, stored.alert, "alert-damaged");
  const missing = tally === null ? damaged.length : tally.alert.count - there.alert.count;
  if (damaged.length > missing) {
    // Some of these were delivered: only what the store names is certain.
    damaged = damaged.filter(({ seq }) => damagedKeys.has(alertKey(seq)));
    losses.count("alert-damaged", missing - damaged.length);
  }
  return [...damaged, ...absent(stored.alert + 1, handedOut.alert, "alert-unkept")];
}

/** A camera's verdicts are delivered in no order that shows which were there: only what the store names is certain. */
function lostVerdicts(
  { losses, tally, stored, handedOut }: RecountOptions,
  { tally: there, verdicts }: Census,
  damagedKeys: ReadonlySet<string>,
): Loss[] {
  const isThere = (camera: string, seq: number) => verdicts.get(camera)?.has(seq) || losses.holds(seq, camera);
  const damaged = [...damagedKeys]
    .filter((key) => key.startsWith("v/"))
    .map((key) => verdictIn(key, 0))
    .filter(({ camera, number }) => !isThere(camera, number))
    .map(({ camera, number }): Loss => ({ seq: number, camera, reason: "verdict-damaged" }));
  const missing = tally === null ? 0 : tally.verdict.count - there.verdict.count;
  losses.count("verdict-damaged", missing - damaged.length);
  const unkept = Object.entries(handedOut.verdicts).flatMap(([camera, last]) =>
    numbers((stored.verdicts[camera] ?? 0) + 1, last)
      .filter((seq) => !isThere(camera, seq))
      .map((seq): Loss => ({ seq, camera, reason: "verdict-unkept" })),
  );
  return [...damaged, ...unkept];
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
