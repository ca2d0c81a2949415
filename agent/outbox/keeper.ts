import type { Serial } from "../kit/serial.js";
import type { StoreOp } from "../store/store.js";
import type { Account } from "./account.js";
import type { InFlight } from "./in-flight.js";
import type { Losses } from "./losses.js";
import type { Pending } from "./pending.js";
import type { PendingVerdicts } from "./pending-verdicts.js";
import { type Filed, type Numbered, type NumberedPicture, type NumberedVerdict, withoutEvidence } from "./records.js";
import type { Announcements } from "./recovery.js";

export interface KeeperDeps {
  readonly account: Account;
  readonly announcements: Announcements;
  readonly inFlight: InFlight;
  readonly losses: Losses;
  readonly pending: Pending;
  readonly pendingVerdicts: PendingVerdicts;
  /** Of all changes to the store. */
  readonly serial: Serial;
  readonly isClosing: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** Messages that are to be on disk, in the order of their numbers. */
export interface ToKeep {
  readonly messages: readonly Numbered[];
  readonly verdicts: readonly NumberedVerdict[];
  readonly pictures: readonly NumberedPicture[];
}

/** Brings batches to a disk that may be full, or take nothing at all: then they are held in memory. */
export class Keeper {
  readonly #deps: KeeperDeps;
  #isRegaining = false;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /** Writes messages, or holds them in memory where the disk takes nothing. @returns them as they were kept */
  async keep(fresh: ToKeep, arrived: readonly Filed[]): Promise<ToKeep> {
    const { account, announcements, pending, pendingVerdicts, onError } = this.#deps;
    const notes = announcements.take();
    const { messages, verdicts, pictures } = fresh;
    if (messages.length + verdicts.length + pictures.length + arrived.length + notes.length === 0) return fresh;
    const wanted = account.health().full ? this.#withoutEvidence(fresh) : fresh;
    try {
      return await this.#write(wanted, arrived, notes);
    } catch (error) {
      onError(error);
    }
    // The store has let go of its reserve, which may have made room for the alerts, if not for their pictures.
    const bare = this.#withoutEvidence(wanted);
    try {
      const written = await this.#write(bare, arrived, notes);
      // At once: whoever filled the disk may take the reserve, too, and then not even a removal can be written.
      await account.giveUp("evidence").catch(onError);
      this.regainRoom();
      return written;
    } catch (error) {
      onError(error);
      announcements.settle(notes, false);
      return { messages: pending.hold(bare.messages), verdicts: pendingVerdicts.hold(verdicts), pictures: [] };
    }
  }

  async #write(fresh: ToKeep, arrived: readonly Filed[], notes: readonly StoreOp[]): Promise<ToKeep> {
    const { account, announcements, inFlight, pending, pendingVerdicts, onError } = this.#deps;
    await account.write({ ...fresh, arrived, notes });
    announcements.settle(notes, true);
    inFlight.forget(arrived);
    pending.hold([]);
    pendingVerdicts.hold([]);
    await account.trim().catch(onError);
    return fresh;
  }

  /** Messages without their pictures: a disk that is nearly full may still take them. */
  #withoutEvidence({ messages, verdicts, pictures }: ToKeep): ToKeep {
    const lost = messages.filter(({ evidence }) => evidence !== null).length + pictures.length;
    this.#deps.losses.count("evidence-disk", lost);
    const bare = messages.map((message) => (message.evidence === null ? message : withoutEvidence(message)));
    return { messages: bare, verdicts, pictures: [] };
  }

  /** Gives up what matters least until the disk has room again; alerts that raise or clear are never given up for it. */
  regainRoom(): void {
    if (this.#isRegaining) return;
    this.#isRegaining = true;
    const { account, serial, isClosing, onError } = this.#deps;
    const regain = async (): Promise<void> => {
      while (!isClosing() && !(await account.makeRoom())) {
        let given = 0;
        await serial.run(async () => {
          given = (await account.giveUp("evidence")) || (await account.giveUp("updates"));
        });
        if (given === 0) return;
      }
    };
    void regain()
      .catch(onError)
      .finally(() => {
        this.#isRegaining = false;
      });
  }
}
