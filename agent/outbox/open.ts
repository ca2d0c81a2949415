import { join } from "node:path";
import { CodedError } from "../../errors.js";
import { onceAMinute } from "../kit/rate-limited.js";
import { openLevelStore } from "../store/level-store.js";
import type { Store } from "../store/store.js";
import { Books } from "./account.js";
import { runningClock } from "./age.js";
import { Announcements } from "./announcements.js";
import { DurableOutbox } from "./durable-outbox.js";
import { Handed } from "./in-flight.js";
import { Losses } from "./losses.js";
import type { Outbox } from "./outbox.js";
import { ALERTS, seqOf } from "./records.js";
import { leftIn } from "./recovery.js";
import { type HighWater, openHighWater } from "./sequence.js";
import { empty, readMeta } from "./tally.js";

export interface OutboxOptions {
  readonly statePath: string;
  /** `T`, for the topics of evidence. */
  readonly base: string;
  /** Of alerts and evidence together. */
  readonly maxBytes: number;
  /** See age.ts. */
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
  const { statePath, base, maxBytes, maxAgeMs, wallMs = Date.now } = options;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const onTrouble = onceAMinute(options.onTrouble, monotonicMs);
  const open = options.openStore ?? ((folder, tell) => openLevelStore(folder, { onTrouble: tell }));
  const store = await open(join(statePath, "outbox"), onTrouble);
  let highWater: HighWater | null = null;
  try {
    const meta = await readMeta(store);
    const stored = Math.max(meta?.high ?? 0, await lastStored(store));
    highWater = await openHighWater(join(statePath, "alert-seq"), stored === 0);
    const high = Math.max(stored, highWater.last);
    const handed = new Handed();
    const clock = runningClock(meta?.clockMs ?? 0, monotonicMs);
    const books = new Books(
      { store, maxBytes, clockMs: () => clock.nowMs(), spared: (kind, seq) => handed.has(kind, seq) },
      { high, first: meta?.first ?? 0, tally: meta?.tally ?? empty, losses: new Losses(meta?.gaps ?? []) },
    );
    const lost = meta === null && high > 0 && !highWater.migrated;
    if (lost) onTrouble(outboxLost(high, store.health().damage.length > 0, statePath));
    // Numbers that only the file beside the store knows were held in memory, or the end of the store's log is gone.
    const unkept = meta !== null && highWater.last > stored;
    if (unkept || store.health().damage.length > 0) await books.recount(stored, high, meta !== null);
    else await books.begin();
    const left = await leftIn(store, { atMs: clock.nowMs(), wallMs: wallMs() });
    const announcements = new Announcements(left);
    const deps = { books, highWater, handed, announcements, left, high, base, maxAgeMs, clock, wallMs, onTrouble };
    return new DurableOutbox({ ...deps, tickMs: options.tickMs ?? 5_000 });
  } catch (error) {
    await highWater?.close();
    await store.close();
    throw error;
  }
}

async function lastStored(store: Store): Promise<number> {
  for await (const { key } of store.entries({ ...ALERTS, reverse: true, limit: 1 })) return seqOf(key);
  return 0;
}

function outboxLost(high: number, damaged: boolean, at: string): CodedError {
  const what = damaged ? "the outbox's account was damaged" : "the outbox is gone";
  return new CodedError("OUTBOX_LOST", `${what}; alerts go on with seq ${high + 1}`, {
    at,
    remedy: "Subscribers see a gap where alerts were lost. Check the disk, and who removes files from state.path.",
  });
}
