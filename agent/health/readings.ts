import { readdir } from "node:fs/promises";
import { startOfFile } from "../kit/file-start.js";
import { within } from "../kit/within.js";

/** What the kernel and the driver say; what is not there is left out: an absent sensor is the machine's nature, not a fault. */

/** The text of a file, trimmed; null where it cannot be read. A sensor that is asleep answers EAGAIN. */
export async function textOf(path: string): Promise<string | null> {
  return (await startOfFile(path, MOST_BYTES))?.trim() ?? null;
}

/** More than any sensor says, and than nvpmodel.conf has. */
const MOST_BYTES = 65_536;

/**
 * A reading that holds nobody up: a bus that hangs, or a driver that waits for its GPU, makes it be left out, and it is not asked again before
 * it has answered, for each question that waits has a thread of this process.
 * @param read never rejects
 * @param left what stands for a reading that is left out
 */
export function patiently<Reading>(
  read: () => Promise<Reading>,
  limitMs: number,
  left: Reading,
): () => Promise<Reading> {
  let asked = false;
  return async () => {
    if (asked) return left;
    asked = true;
    let reading = left;
    const work = read().then((answer) => {
      asked = false;
      reading = answer;
    });
    await within(limitMs, work);
    return reading;
  };
}

/** The number that a file begins with; null where there is none. */
export async function numberOf(path: string): Promise<number | null> {
  return numberIn(await textOf(path));
}

/** The number that a text begins with; null where there is none, as in nvidia-smi's "[N/A]". */
export function numberIn(text: string | null | undefined): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? value : null;
}

/** The paths in a folder whose names begin so, in the order of their numbers; none where there is no such folder. */
export async function entriesOf(folder: string, prefix: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const byNumber = new Intl.Collator("en", { numeric: true });
  return names
    .filter((name) => name.startsWith(prefix))
    .sort(byNumber.compare)
    .map((name) => `${folder}/${name}`);
}

/** Adds a figure under its name; one whose name is taken gets its place beside it, as several sensors may share a name. */
export function addNamed(figures: Record<string, number>, name: string, place: string, value: number): void {
  figures[name in figures ? `${name}-${place}` : name] = value;
}
