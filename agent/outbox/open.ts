import { join } from "node:path";
import { CodedError } from "../../errors.js";
import { rateLimited } from "../kit/rate-limited.js";
import { openLevelStore } from "../store/level-store.js";
import type { Store } from "../store/store.js";
import { Account } from "./account.js";
import { lastAlertIn, readAccount, verdictNumbersIn } from "./account-record.js";
import { DurableOutbox } from "./durable-outbox.js";
import { InFlight } from "./in-flight.js";
import { Losses } from "./losses.js";
import type { Outbox } from "./outbox.js";
import { Announcements, owedIn } from "./recovery.js";
import { openSequence, type Sequence } from "./sequence.js";
import { openVerdictSequences, type VerdictSequences } from "./verdict-numbers.js";

export interface OutboxOptions {
  readonly statePath: string;
  /** `T`, for the topics of evidence. */
  readonly base: string;
  /** Those that see parts: their verdicts are numbered in files of their own. */
  readonly cameras?: readonly string[];
  /** The most that alerts, verdicts and evidence may take together. */
  readonly maxBytes: number;
  /** The longest that a message may wait, by the account's clock. */
  readonly maxAgeMs: number;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly openStore?: (folder: string, onTrouble: (trouble: CodedError) => void) => Promise<Store>;
  readonly monotonicMs?: () => number;
  /** Epoch milliseconds. */
  readonly wallMs?: () => number;
  /** How long ago the wall clock stamped something, whatever was made of it since; by that clock unless given. */
  readonly ageMs?: (stampMs: number) => number;
  readonly tickMs?: number;
}

/**
 * Opens the outbox below the state directory: `outbox/`, and the last numbers beside it in `alert-seq` and `verdict-seq/`.
 * @throws CodedError of the store, STATE_UNREADABLE, STATE_UNWRITABLE
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { statePath, base, maxBytes, maxAgeMs, wallMs = Date.now, tickMs = 5_000 } = options;
  const { ageMs = (stampMs: number) => Math.max(0, wallMs() - stampMs) } = options;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const onTrouble = rateLimited(options.onTrouble, monotonicMs);
  const open = options.openStore ?? ((folder, report) => openLevelStore(folder, { onTrouble: report }));
  const store = await open(join(statePath, "outbox"), onTrouble);
  let sequence: Sequence | null = null;
  let verdictNumbers: VerdictSequences | null = null;
  try {
    const record = await readAccount(store);
    const stored = Math.max(record?.last ?? 0, await lastAlertIn(store));
    sequence = await openSequence(join(statePath, "alert-seq"), stored);
    if (record === null && sequence.last > 0 && !sequence.migrated) {
      onTrouble(outboxLost(sequence.last, store.health().damage.length > 0, statePath));
    }
    const storedVerdicts = record?.verdicts ?? (await verdictNumbersIn(store));
    const numbersFolder = join(statePath, "verdict-seq");
    verdictNumbers = await openVerdictSequences(numbersFolder, options.cameras ?? [], storedVerdicts);
    const losses = new Losses(record?.gaps ?? []);
    const inFlight = new InFlight();
    const numbers = { sequence, verdictNumbers };
    const account = new Account({ store, ...numbers, losses, inFlight, maxBytes, maxAgeMs, monotonicMs, record });
    await account.open({ alert: stored, verdicts: storedVerdicts.last });
    const owed = await owedIn(store, { atMs: account.clockMs, wallMs: wallMs() });
    const parts = { account, ...numbers, losses, inFlight, announcements: new Announcements(owed), owed };
    const outbox = new DurableOutbox({ ...parts, base, wallMs, ageMs, onTrouble, tickMs });
    outbox.start();
    return outbox;
  } catch (error) {
    await sequence?.close();
    await verdictNumbers?.close();
    await store.close();
    throw error;
  }
}

function outboxLost(last: number, isDamaged: boolean, at: string): CodedError {
  const what = isDamaged ? "the outbox's account was damaged" : "the outbox is gone";
  return new CodedError("OUTBOX_LOST", `${what}; alerts go on with seq ${last + 1}`, { at });
}
