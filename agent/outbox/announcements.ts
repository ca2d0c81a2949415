import { put, remove, type Store, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Announced } from "./outbox.js";
import { ANNOUNCED, announcedKey, seqOf, type Times } from "./records.js";

/** An alert that was announced and not added. */
export interface Left extends Announced {
  readonly step: AlertStep;
  readonly calibration: string | null;
  readonly times: Times;
}

/** Alerts that will be added once they have their picture, noted on disk so that a kill until then costs the picture alone. */
export class Announcements {
  /** What a former life left behind. */
  readonly left: readonly Left[];
  #next: number;
  /** Not handed out for writing yet. */
  readonly #fresh = new Map<string, Uint8Array>();
  readonly #written: Set<string>;
  /** Written, and no longer to be there. */
  readonly #over = new Set<string>();

  constructor(left: readonly Left[]) {
    this.left = left;
    this.#written = new Set(left.map(({ key }) => key));
    this.#next = left.length === 0 ? 1 : seqOf(left.at(-1)!.key) + 1;
  }

  add(step: AlertStep, calibration: string | null, times: Times): Announced {
    const key = announcedKey(this.#next++);
    this.#fresh.set(key, Buffer.from(JSON.stringify({ ...times, step, calibration })));
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

export async function openAnnouncements(store: Store): Promise<Announcements> {
  const left: Left[] = [];
  for await (const { key, value } of store.entries(ANNOUNCED)) {
    const { step, calibration, atMs, wallMs } = JSON.parse(Buffer.from(value).toString()) as Omit<Left, "times"> &
      Times;
    left.push({ key, step, calibration, times: { atMs, wallMs } });
  }
  return new Announcements(left);
}
