import type { AlertPayload } from "../contract/payloads.js";
import type { AlertRecord } from "./record.js";

export interface AlertQuery {
  readonly camera?: string;
  /** Epoch milliseconds: alerts whose latest step is of then or later. */
  readonly sinceMs?: number;
  /** At least 1. */
  readonly limit: number;
}

/** The latest alerts, for whoever asks; bounded in number and age. Held by test/contracts/alert-history.ts. */
export interface AlertHistory {
  /** A step that comes again (same seq, or an earlier one) changes nothing. */
  record(alert: AlertPayload): void;
  /** Those with the latest step first. */
  list(query: AlertQuery): readonly AlertRecord[];
  find(id: string): AlertRecord | null;
  /** When what was recorded is as safe as it gets. Safe to call twice; never rejects. */
  close(): Promise<void>;
}

export interface Retention {
  /** At least 1. */
  readonly maxAlerts: number;
  /** Since the latest step. */
  readonly maxAgeMs: number;
}
