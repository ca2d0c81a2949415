import type { WaitingAlert, WaitingEvidence, WaitingMessage, WaitingVerdict } from "../contract/alert-queue.js";
import type { Serial } from "../kit/serial.js";
import type { Account } from "./account.js";
import type { InFlight } from "./in-flight.js";
import { type Pending, waitingAmong } from "./pending.js";
import type { PendingVerdicts } from "./pending-verdicts.js";
import { pictureKey } from "./records.js";
import type { Sequence } from "./sequence.js";
import type { VerdictSequences } from "./verdict-numbers.js";

export interface WaitingDeps {
  readonly account: Account;
  readonly sequence: Sequence;
  readonly verdictNumbers: VerdictSequences;
  readonly inFlight: InFlight;
  readonly pending: Pending;
  readonly pendingVerdicts: PendingVerdicts;
  /** Of all changes to the store. */
  readonly serial: Serial;
  readonly onError: (error: unknown) => void;
}

/** What waits in an outbox to be sent, on disk and in memory: whatever is found here is in flight. */
export class Waiting {
  readonly #deps: WaitingDeps;
  #isRecounting = false;

  constructor(deps: WaitingDeps) {
    this.#deps = deps;
  }

  alerts(after: number, limit: number): Promise<readonly WaitingAlert[]> {
    const { account, sequence, pending } = this.#deps;
    const upTo = sequence.sendable;
    // As they are before the reading: what gets to the disk meanwhile is found in one place or the other.
    const { undurable } = pending;
    const onDisk = account.alerts(after + 1, upTo, limit);
    return this.#find(onDisk, (last) => waitingAmong(undurable, (last ?? after) + 1, upTo), limit);
  }

  verdicts(after: number, limit: number): Promise<readonly WaitingVerdict[]> {
    const { account, verdictNumbers, pendingVerdicts } = this.#deps;
    const upTo = verdictNumbers.sendable;
    const held = pendingVerdicts.waiting(after + 1, upTo);
    const onDisk = account.verdicts(after + 1, upTo, limit);
    return this.#find(onDisk, (last) => held.filter(({ seq }) => seq > (last ?? after)), limit);
  }

  evidence(after: number, before: number): Promise<WaitingEvidence | null> {
    return this.#deps.inFlight.reading(() => this.#deps.account.evidence(after, before));
  }

  pictures(after: number, before: number): Promise<WaitingEvidence | null> {
    return this.#deps.inFlight.reading(() => this.#deps.account.evidence(after, before, pictureKey));
  }

  /** @param inMemory what is behind the last that was found on disk, null where nothing was */
  #find<T extends WaitingMessage>(
    onDisk: AsyncIterable<T>,
    inMemory: (last: number | null) => readonly T[],
    limit: number,
  ): Promise<readonly T[]> {
    const { inFlight, onError } = this.#deps;
    return inFlight.reading(async () => {
      const found: T[] = [];
      try {
        for await (const message of onDisk) found.push(message);
      } catch (error) {
        // A disk that cannot even be read must not hold back what is in memory.
        onError(error);
      }
      for (const message of inMemory(found.at(-1)?.seq ?? null)) {
        if (found.length < limit && inFlight.send(message)) found.push(message);
      }
      if (found.length === 0) this.#checkAccount();
      return found;
    });
  }

  /** Counts anew where nothing is found, nothing is in flight, and yet the account has messages: they are damaged. */
  #checkAccount(): void {
    const { account, sequence, verdictNumbers, inFlight, pending, pendingVerdicts, serial } = this.#deps;
    const isMoving =
      !inFlight.isEmpty ||
      pending.undurable.length + pendingVerdicts.undurable.length > 0 ||
      sequence.sendable < sequence.last ||
      verdictNumbers.sendable < verdictNumbers.place;
    const isDue = (kind: "alert" | "verdict"): boolean => account.count(kind) > 0;
    if (isMoving || this.#isRecounting || !(isDue("alert") || isDue("verdict"))) return;
    this.#isRecounting = true;
    void serial
      .run(() => account.recount())
      .finally(() => {
        this.#isRecounting = false;
      });
  }
}
