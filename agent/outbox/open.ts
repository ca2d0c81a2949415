import { join } from "node:path";
import { CodedError } from "../../errors.js";
import { rateLimited } from "../kit/rate-limited.js";
import { openLevelStore } from "../store/level-store.js";
import type { Store } from "../store/store.js";
import { Account } from "./account.js";
import { DurableOutbox } from "./durable-outbox.js";
import { InFlight } from "./in-flight.js";
import { Losses } from "./losses.js";
import type { Outbox } from "./outbox.js";
import { lastAlertIn, readAccount } from "./records.js";
import { Announcements, owedIn } from "./recovery.js";
import { openSequence, type Sequence } from "./sequence.js";

export interface OutboxOptions {
  readonly statePath: string;
  /** `T`, for the topics of evidence. */
  readonly base: string;
  /** The most that alerts and evidence may take together. */
  readonly maxBytes: number;
  /** The longest that a message may wait, by the account's clock. */
  readonly maxAgeMs: number;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly openStore?: (folder: string, onTrouble: (trouble: CodedError) => void) => Promise<Store>;
  readonly monotonicMs?: () => number;
  /** Epoch milliseconds. */
  readonly wallMs?: () => number;
  readonly tickMs?: number;
}

/**
 * Opens the outbox below the state directory: `outbox/`, and the last number beside it in `alert-seq`.
 * @throws CodedError of the store, STATE_UNREADABLE, STATE_UNWRITABLE
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { statePath, base, maxBytes, maxAgeMs, wallMs = Date.now, tickMs = 5_000 } = options;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const onTrouble = rateLimited(options.onTrouble, monotonicMs);
  const open = options.openStore ?? ((folder, report) => openLevelStore(folder, { onTrouble: report }));
  const store = await open(join(statePath, "outbox"), onTrouble);
  let sequence: Sequence | null = null;
  try {
    const record = await readAccount(store);
    const stored = Math.max(record?.last ?? 0, await lastAlertIn(store));
    sequence = await openSequence(join(statePath, "alert-seq"), stored);
    if (record === null && sequence.last > 0 && !sequence.migrated) {
      onTrouble(outboxLost(sequence.last, store.health().damage.length > 0, statePath));
    }
    const losses = new Losses(record?.gaps ?? []);
    const inFlight = new InFlight();
    const account = new Account({ store, sequence, losses, inFlight, maxBytes, maxAgeMs, monotonicMs, record });
    await account.open(stored);
    const owed = await owedIn(store, { atMs: account.clockMs, wallMs: wallMs() });
    const parts = { account, sequence, losses, inFlight, announcements: new Announcements(owed), owed };
    const outbox = new DurableOutbox({ ...parts, base, wallMs, onTrouble, tickMs });
    outbox.start();
    return outbox;
  } catch (error) {
    await sequence?.close();
    await store.close();
    throw error;
  }
}

function outboxLost(last: number, isDamaged: boolean, at: string): CodedError {
  const what = isDamaged ? "the outbox's account was damaged" : "the outbox is gone";
  return new CodedError("OUTBOX_LOST", `${what}; alerts go on with seq ${last + 1}`, { at });
}
