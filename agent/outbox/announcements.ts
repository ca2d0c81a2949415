import { put, remove, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Announced } from "./outbox.js";
import { announcedKey, seqOf, type Times, told } from "./records.js";
import type { Left } from "./recovery.js";

/** Alerts that will be added once they have their picture, noted on disk so that a kill until then costs the picture alone. */
export class Announcements {
  #next: number;
  /** Not handed out for writing yet. */
  readonly #fresh = new Map<string, Uint8Array>();
  readonly #written: Set<string>;
  /** Written, and no longer to be there. */
  readonly #over = new Set<string>();

  constructor(left: readonly Left[]) {
    const keys = left.flatMap(({ announced }) => announced?.key ?? []);
    this.#written = new Set(keys);
    this.#next = keys.length === 0 ? 1 : seqOf(keys.at(-1)!) + 1;
  }

  add(step: AlertStep, times: Times): Announced {
    const key = announcedKey(this.#next++);
    this.#fresh.set(key, told(step, times));
    return { key };
  }

  /** The alert is in the outbox, or given up. */
  over({ key }: Announced): void {
    if (!this.#fresh.delete(key) && this.#written.delete(key)) this.#over.add(key);
  }

  /** What is to be written now. What is new is tried once: it stands for a moment only. */
  take(): readonly StoreOp[] {
    const ops = [...[...this.#fresh].map(([key, value]) => put(key, value)), ...[...this.#over].map(remove)];
    for (const key of this.#fresh.keys()) this.#written.add(key);
    this.#fresh.clear();
    return ops;
  }

  /** What became of what was taken. */
  settle(ops: readonly StoreOp[], written: boolean): void {
    for (const { kind, key } of ops) {
      if (written && kind === "delete") this.#over.delete(key);
      if (!written && kind === "put") this.#written.delete(key);
    }
  }
}
