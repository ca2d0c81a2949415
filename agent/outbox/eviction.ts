import type { Store } from "../store/store.js";
import type { AlertPhase } from "../types.js";
import {
  ALERTS,
  alertKey,
  EVIDENCE,
  type Filed,
  filed,
  numberIn,
  PICTURES,
  readAlert,
  readEvidence,
  readVerdict,
  UPDATES,
  updateKey,
  VERDICTS,
  verdictIn,
  verdictsFrom,
} from "./records.js";

/** The part of an outbox that victims are looked for in. */
export interface Holdings {
  readonly store: Store;
  /** The lowest `seq` that an alert may have: a look from the very start would pass everything that was ever removed. */
  readonly first: number;
  /** The lowest place that a verdict may have. */
  readonly firstVerdict: number;
}

/**
 * The order in which messages are given up: pictures before verdicts, verdicts before alerts; of alerts, those that only update before those that raise,
 * clear or answer; within a rank the oldest first.
 */
const RANKS = { evidence, verdicts, updates, alerts } as const;

export type Rank = keyof typeof RANKS;

/** The messages in the order in which they are to be given up, from one rank up to another, both included. */
export async function* victims(holdings: Holdings, from: Rank, upTo: Rank): AsyncIterable<Filed> {
  const ranks = Object.keys(RANKS) as Rank[];
  const given = new Set<number>();
  for (const rank of ranks.slice(ranks.indexOf(from), ranks.indexOf(upTo) + 1)) {
    for await (const victim of RANKS[rank](holdings)) {
      // An alert that only updates is met again among all alerts.
      if (victim.kind === "alert" && given.has(victim.seq)) continue;
      if (victim.kind === "alert") given.add(victim.seq);
      yield victim;
    }
  }
}

/** Pictures may wait for longer than their alerts and verdicts did, so they are looked for from the start. Those of parts go first. */
async function* evidence({ store }: Holdings): AsyncIterable<Filed> {
  for await (const { key, value } of store.entries(PICTURES)) {
    yield { kind: "picture", seq: numberIn(key), bytes: value.length };
  }
  for await (const { key, value } of store.entries(EVIDENCE)) {
    yield { kind: "evidence", seq: numberIn(key), bytes: value.length };
  }
}

async function* verdicts({ store, firstVerdict }: Holdings): AsyncIterable<Filed> {
  for await (const { key, value } of store.entries({ ...VERDICTS, from: verdictsFrom(firstVerdict) })) {
    yield verdictIn(key, value.length);
  }
}

async function* updates({ store, first }: Holdings): AsyncIterable<Filed> {
  for await (const { key } of store.entries({ ...UPDATES, from: updateKey(first) })) {
    const seq = numberIn(key);
    const alert = await store.get(alertKey(seq));
    if (alert !== null) yield { kind: "alert", seq, bytes: alert.length };
  }
}

async function* alerts({ store, first }: Holdings): AsyncIterable<Filed> {
  for await (const { key, value } of store.entries({ ...ALERTS, from: alertKey(first) })) {
    yield { kind: "alert", seq: numberIn(key), bytes: value.length };
  }
}

/** The messages that were added before that moment of the account's clock. */
export async function* expired({ store, first, firstVerdict }: Holdings, beforeMs: number): AsyncIterable<Filed> {
  for (const range of [PICTURES, EVIDENCE]) {
    for await (const { key, value } of store.entries(range)) {
      const { message, times } = readEvidence(key, value);
      if (times.atMs >= beforeMs) break;
      yield filed(message);
    }
  }
  for await (const { key, value } of store.entries({ ...VERDICTS, from: verdictsFrom(firstVerdict) })) {
    const { message, times } = readVerdict(key, value);
    if (times.atMs >= beforeMs) break;
    yield filed(message);
  }
  for await (const { key, value } of store.entries({ ...ALERTS, from: alertKey(first) })) {
    const { message, times } = readAlert(key, value);
    if (times.atMs >= beforeMs) break;
    yield filed(message);
  }
}

/** A queue in memory cut down to so many messages, in the same order: those that only update go first, the oldest first. */
export function bounded<T>(
  queue: readonly T[],
  most: number,
  phaseOf: (message: T) => AlertPhase,
): { readonly kept: readonly T[]; readonly dropped: readonly T[] } {
  const dropped = new Set<T>();
  const drop = (candidates: readonly T[]): void => {
    for (const message of candidates.slice(0, Math.max(0, queue.length - dropped.size - most))) dropped.add(message);
  };
  if (queue.length > most) drop(queue.filter((message) => phaseOf(message) === "updated"));
  if (queue.length - dropped.size > most) drop(queue.filter((message) => !dropped.has(message)));
  return { kept: queue.filter((message) => !dropped.has(message)), dropped: [...dropped] };
}
