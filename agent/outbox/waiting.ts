import type { Store } from "../store/store.js";
import type { WaitingAlert, WaitingEvidence } from "./outbox.js";
import { ALERTS, alertKey, EVIDENCE, evidenceKey, type Kept, readAlert, readEvidence } from "./records.js";

/**
 * The alerts of a range of `seq`, both ends included, in its order: those on disk, then those that the disk did not take.
 * @param undurable as it was before the reading: what gets to disk meanwhile is found in one place or the other
 */
export async function waitingAlerts(
  store: Store,
  undurable: readonly Kept[],
  { from, upTo, limit }: { readonly from: number; readonly upTo: number; readonly limit: number },
  onUnreadable: (error: unknown) => void,
): Promise<readonly WaitingAlert[]> {
  const found: WaitingAlert[] = [];
  try {
    for await (const { key, value } of store.entries({ ...ALERTS, from: alertKey(from), limit })) {
      const { kind, seq, payload, bytes } = readAlert(key, value);
      if (seq <= upTo) found.push({ kind, seq, payload, bytes });
    }
  } catch (error) {
    // A disk that cannot even be read must not hold back what is in memory.
    onUnreadable(error);
  }
  for (const { seq, payload, alert } of undurable) {
    if (found.length >= limit || seq > upTo) break;
    if (seq > (found.at(-1)?.seq ?? from - 1)) found.push({ kind: "alert", seq, payload, bytes: alert.length });
  }
  return found;
}

/** The first of a range of `seq`, neither end included. */
export async function waitingEvidence(store: Store, after: number, before: number): Promise<WaitingEvidence | null> {
  const range = { ...EVIDENCE, from: evidenceKey(after + 1), to: evidenceKey(before), limit: 1 };
  for await (const { key, value } of store.entries(range)) {
    const { kind, seq, topic, jpeg, bytes } = readEvidence(key, value);
    return { kind, seq, topic, jpeg, bytes };
  }
  return null;
}
