import { createHash } from "node:crypto";
import { join } from "node:path";
import type { VerdictNumbers } from "./account-record.js";
import { openSequence, type Sequence } from "./sequence.js";

/** The two numbers of one verdict. */
export interface VerdictNumber {
  /** Among the verdicts of all cameras: the order in which they are sent. */
  readonly place: number;
  /** Among those of its camera: its `seq`. */
  readonly number: number;
}

/**
 * The numbers of verdicts: a sequence without gaps for each camera, in a file of its own, and the places of all of them. Places lie in the
 * store alone, as no subscriber sees them.
 */
export class VerdictSequences {
  readonly #files: ReadonlyMap<string, Sequence>;
  /** By camera, those that are no longer configured included. */
  readonly #last: Map<string, number>;
  readonly #unsaved = new Set<Sequence>();
  #place: number;
  #sendable: number;

  constructor(files: ReadonlyMap<string, Sequence>, stored: Omit<VerdictNumbers, "first">) {
    this.#files = files;
    this.#place = stored.place;
    this.#sendable = stored.place;
    this.#last = new Map(Object.entries(stored.last));
    for (const [camera, { last }] of files) if (last > 0) this.#last.set(camera, last);
  }

  /** The last place whose verdict may be sent. */
  get sendable(): number {
    return this.#sendable;
  }

  get place(): number {
    return this.#place;
  }

  /** The last number of each camera that had a verdict. */
  get last(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#last);
  }

  next(camera: string): VerdictNumber {
    const file = this.#files.get(camera);
    const number = file === undefined ? (this.#last.get(camera) ?? 0) + 1 : file.next();
    if (file !== undefined) this.#unsaved.add(file);
    this.#last.set(camera, number);
    this.#place += 1;
    return { place: this.#place, number };
  }

  /** Declares that all verdicts that have a number may be sent. */
  allSendable(): void {
    this.#sendable = this.#place;
  }

  /** Writes what is new. @param sync whether it must survive the loss of power: else the store has the numbers, synced */
  async save(sync: boolean): Promise<void> {
    const files = [...this.#unsaved];
    this.#unsaved.clear();
    await Promise.all(files.map((file) => file.save({ sync })));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
  }
}

/**
 * Opens the sequences of these cameras behind the highest numbers that their files or the store know.
 * @param folder where the files lie, one a camera
 * @throws CodedError STATE_UNREADABLE, STATE_UNWRITABLE
 */
export async function openVerdictSequences(
  folder: string,
  cameras: readonly string[],
  stored: Omit<VerdictNumbers, "first">,
): Promise<VerdictSequences> {
  const files = new Map<string, Sequence>();
  try {
    for (const camera of cameras) {
      files.set(camera, await openSequence(join(folder, fileName(camera)), stored.last[camera] ?? 0));
    }
  } catch (error) {
    await Promise.all([...files.values()].map((file) => file.close()));
    throw error;
  }
  return new VerdictSequences(files, stored);
}

/** A camera's id is any topic level: not each is a file's name. */
function fileName(camera: string): string {
  const name = encodeURIComponent(camera).replaceAll(".", "%2E");
  return name.length <= 200 ? name : createHash("sha256").update(camera).digest("hex");
}
