import type { AlertHistory, AlertQuery, AlertRecord, Retention } from "./history.js";

export interface MemoryHistoryOptions extends Retention {
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
  /** What an earlier run left, those with the latest step last. */
  readonly left?: readonly AlertRecord[];
  /** Told of what is new, what was changed (its record) and what is gone (null). */
  readonly onChange?: (id: string, record: AlertRecord | null) => void;
}

/** A history that goes with the process. */
export function memoryHistory(options: MemoryHistoryOptions): AlertHistory {
  const { maxAlerts, maxAgeMs, wallMs, onChange = () => undefined } = options;
  /** A map keeps the order of insertion, and a record with a new step is inserted anew: the latest step is last. */
  const records = new Map((options.left ?? []).map((record) => [record.alert.id, record]));

  const isOld = ({ alert }: AlertRecord): boolean => wallMs() - Date.parse(alert.ts) > maxAgeMs;
  const forget = (): void => {
    for (const [id, record] of records) {
      if (records.size <= maxAlerts && !isOld(record)) return;
      records.delete(id);
      onChange(id, null);
    }
  };
  const fits = (record: AlertRecord, { camera, sinceMs = Number.NEGATIVE_INFINITY }: AlertQuery): boolean =>
    (camera === undefined || record.alert.camera === camera) && Date.parse(record.alert.ts) >= sinceMs;

  forget();
  return {
    record(alert) {
      const before = records.get(alert.id);
      if (before !== undefined && before.alert.seq >= alert.seq) return;
      const record = { alert, since: before?.since ?? alert.ts, steps: (before?.steps ?? 0) + 1 };
      records.delete(alert.id);
      records.set(alert.id, record);
      onChange(alert.id, record);
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
