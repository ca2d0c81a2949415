import { put, remove, type Store, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Announced } from "./outbox.js";
import { ANNOUNCED, announcedKey, note, numberIn, readNote, STANDING, standingKey, type Times } from "./records.js";

/** An alert's step that a run which was cut short did not add. */
export interface Owed {
  readonly step: AlertStep;
  readonly times: Times;
  readonly announced?: Announced;
}

/** Whether an alert stands after this step; null where the step changes nothing about it. */
function standsAfter({ phase }: AlertStep): boolean | null {
  if (phase === "raised" || phase === "updated") return true;
  return phase === "cleared" ? false : null;
}

/** The operations that keep the note of what stands true once this step is in the outbox. */
export function standingAfter(step: AlertStep, times: Times): readonly StoreOp[] {
  const stands = standsAfter(step);
  if (stands === null) return [];
  const key = standingKey(step.id);
  return [stands ? put(key, note(step, times)) : remove(key)];
}

/**
 * The steps that are owed to subscribers, by the notes in a store: alerts that were announced and not added, then the clearing of all that
 * stand: nobody watches them any more, and what is still wrong is raised anew.
 */
export async function owedIn(store: Store, now: Times): Promise<readonly Owed[]> {
  const standing = new Map<string, AlertStep>();
  for await (const { value } of store.entries(STANDING)) {
    const { step } = readNote(value);
    standing.set(step.id, step);
  }
  const announced: Owed[] = [];
  for await (const { key, value } of store.entries(ANNOUNCED)) {
    const { step, times } = readNote(value);
    announced.push({ step, times, announced: { key } });
    const stands = standsAfter(step);
    if (stands === true) standing.set(step.id, step);
    if (stands === false) standing.delete(step.id);
  }
  const cleared = [...standing.values()].map(
    (step): Owed => ({ step: { ...step, phase: "cleared", tsMs: now.wallMs }, times: now }),
  );
  return [...announced, ...cleared];
}

/** The write-ahead notes of alerts that are added once they have their picture: a kill until then costs the picture alone. */
export class Announcements {
  #next: number;
  /** By key: the notes that are to be written with the next batch. */
  readonly #unwritten = new Map<string, Uint8Array>();
  readonly #written: Set<string>;
  /** The notes that are to be removed with the next batch. */
  readonly #over = new Set<string>();

  /** @param owed the steps that were found at opening: their notes are in the store */
  constructor(owed: readonly Owed[]) {
    const keys = owed.flatMap(({ announced }) => announced?.key ?? []);
    this.#written = new Set(keys);
    this.#next = Math.max(0, ...keys.map(numberIn)) + 1;
  }

  add(step: AlertStep, times: Times): Announced {
    const key = announcedKey(this.#next);
    this.#next += 1;
    this.#unwritten.set(key, note(step, times));
    return { key };
  }

  /** The alert is in the outbox, or given up. */
  end({ key }: Announced): void {
    if (!this.#unwritten.delete(key) && this.#written.delete(key)) this.#over.add(key);
  }

  /** Takes the operations for the next batch. A note that cannot be written is not tried again: it matters for a moment only. */
  take(): readonly StoreOp[] {
    const ops = [...[...this.#unwritten].map(([key, value]) => put(key, value)), ...[...this.#over].map(remove)];
    for (const key of this.#unwritten.keys()) this.#written.add(key);
    this.#unwritten.clear();
    return ops;
  }

  /** Ends what `take` began. @param written whether the batch with these operations is on disk */
  settle(ops: readonly StoreOp[], written: boolean): void {
    for (const { kind, key } of ops) {
      if (written && kind === "delete") this.#over.delete(key);
      if (!written && kind === "put") this.#written.delete(key);
    }
  }
}
