import { join } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { openLevelStore } from "../store/level-store.js";
import type { Store } from "../store/store.js";
import type { AlertHistory, Retention } from "./history.js";
import { lateStore } from "./late-store.js";
import { openStoredHistory } from "./stored.js";

export interface HistoryOptions extends Retention {
  readonly statePath: string;
  /** How long ago something was that has this timestamp, epoch milliseconds. */
  readonly ageMs: (stampMs: number) => number;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly monotonicMs?: () => number;
  readonly openStore?: (folder: string, onTrouble: (trouble: CodedError) => void) => Promise<Store>;
}

/**
 * The history in `history/` below the state directory. One that cannot be opened is reported, and lives in memory until it can be: nobody
 * is to miss an alert for want of the list of earlier ones. Never rejects.
 */
export async function openHistory(options: HistoryOptions): Promise<AlertHistory> {
  const folder = join(options.statePath, "history");
  const trouble = (reason: string): void => {
    const remedy = "Alerts are sent all the same. Check the disk, or remove the folder to begin a new one.";
    options.onTrouble(new CodedError("HISTORY_TROUBLE", `the history of alerts: ${reason}`, { at: folder, remedy }));
  };
  // Space held back for a full disk is the outbox's affair.
  const open: NonNullable<HistoryOptions["openStore"]> =
    options.openStore ?? ((path, onTrouble) => openLevelStore(path, { reserveBytes: 0, onTrouble }));
  let store: Store | null = null;
  try {
    store = await open(folder, options.onTrouble);
    return closing(await openStoredHistory({ ...options, store, onTrouble: trouble }), store);
  } catch (error) {
    // What opening has failed of says more than what closing does.
    await store?.close().catch(() => undefined);
    trouble(`it cannot be read: ${messageOf(error)}`);
    const late = lateStore(() => open(folder, options.onTrouble), options.monotonicMs ?? (() => performance.now()));
    return closing(await openStoredHistory({ ...options, store: late, onTrouble: trouble, isTroubled: true }), late);
  }
}

function closing(history: AlertHistory, store: Store): AlertHistory {
  return {
    ...history,
    close: async () => {
      await history.close();
      await store.close();
    },
  };
}
