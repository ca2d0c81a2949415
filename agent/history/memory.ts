import type { AlertHistory, AlertQuery, Retention } from "./history.js";
import { type AlertRecord, firstRecord, withStep } from "./record.js";

export interface MemoryHistoryOptions extends Retention {
  /** How long ago something was that has this timestamp, epoch milliseconds. */
  readonly ageMs: (stampMs: number) => number;
  /** What an earlier run left, those with the latest step last. */
  readonly left?: readonly AlertRecord[];
  /** Given each record that is new or changed, and null for one that is gone. */
  readonly onChange?: (id: string, record: AlertRecord | null) => void;
}

/** A history that goes with the process. */
export function memoryHistory(options: MemoryHistoryOptions): AlertHistory {
  const { maxAlerts, maxAgeMs, ageMs, onChange = () => undefined } = options;
  /** A map keeps the order of insertion, and a record with a new step is inserted anew: the latest step is last. */
  const records = new Map((options.left ?? []).map((record) => [record.latest.id, record]));

  const isOld = ({ latest }: AlertRecord): boolean => ageMs(Date.parse(latest.ts)) > maxAgeMs;
  const forget = (): void => {
    for (const [id, record] of records) {
      if (records.size <= maxAlerts && !isOld(record)) return;
      records.delete(id);
      onChange(id, null);
    }
  };
  const fits = (record: AlertRecord, { camera, sinceMs = Number.NEGATIVE_INFINITY }: AlertQuery): boolean =>
    (camera === undefined || record.latest.camera === camera) && Date.parse(record.latest.ts) >= sinceMs;

  forget();
  return {
    record(step) {
      const before = records.get(step.id);
      if (before !== undefined && before.latest.seq >= step.seq) return;
      const record = before === undefined ? firstRecord(step) : withStep(before, step);
      records.delete(step.id);
      records.set(step.id, record);
      onChange(step.id, record);
      forget();
    },
    list(query) {
      forget();
      const found: AlertRecord[] = [];
      // Not cut short at the first that is too early: clocks are set back.
      for (const record of [...records.values()].reverse()) {
        if (found.length >= query.limit) break;
        if (fits(record, query)) found.push(record);
      }
      return found;
    },
    find(id) {
      forget();
      return records.get(id) ?? null;
    },
    close: async () => undefined,
  };
}
