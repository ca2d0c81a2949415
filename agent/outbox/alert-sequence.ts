import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, messageOf } from "../errors.js";

/** Numbers an agent's alert messages without gaps, across clean restarts. */
export interface AlertSequence {
  /** The next number, once it is on disk that it was given out. Numbers come in the order of the calls. */
  next(): Promise<number>;
}

/**
 * The last number given out, in a file of its own below the state directory.
 * @throws CodedError STATE_UNREADABLE when the file is there and holds no number
 */
export async function openAlertSequence(statePath: string): Promise<AlertSequence> {
  const file = join(statePath, "alert-seq");
  await mkdir(statePath, { recursive: true, mode: 0o700 });
  let last = await lastIn(file);
  let tail: Promise<unknown> = Promise.resolve();
  return {
    next: () => {
      const taken = tail.then(async () => {
        const seq = last + 1;
        await writeFile(`${file}.draft`, `${seq}\n`, { mode: 0o600 });
        await rename(`${file}.draft`, file);
        last = seq;
        return seq;
      });
      // One that could not be written leaves its number to the next.
      tail = taken.catch(() => undefined);
      return taken;
    },
  };
}

async function lastIn(file: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw unreadable(file, messageOf(error));
  }
  if (!/^\d+\n?$/.test(text)) throw unreadable(file, "it holds no number");
  return Number(text);
}

function unreadable(file: string, reason: string): CodedError {
  return new CodedError("STATE_UNREADABLE", `cannot read the last alert's number: ${reason}`, {
    at: file,
    remedy: "Write the last known seq of this agent into the file, or remove it to count from 1.",
  });
}
