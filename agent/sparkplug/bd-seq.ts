import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";

/** From 0 to 255, and 0 again. */
const NUMBERS = 256;

/** The birth/death sequence number: which death belongs to which birth, also over restarts. */
export interface BdSeq {
  /**
   * The number of the next CONNECT: 0 first of all, then one more each time. Kept on disk before it is used, where the disk takes it; an
   * agent that was killed does not use a number twice in a row.
   */
  next(): Promise<number>;
}

/** Keeps it below the state folder. Nothing is read before the first `next`. */
export function openBdSeq(statePath: string, onTrouble: (trouble: CodedError) => void): BdSeq {
  const file = join(statePath, "sparkplug.json");
  let last: number | null = null;
  let isRead = false;
  return {
    next: async () => {
      if (!isRead) last = await lastIn(file, onTrouble);
      isRead = true;
      last = last === null ? 0 : (last + 1) % NUMBERS;
      try {
        await makeFolder(dirname(file), { mode: 0o700 });
        await replaceFile(file, `${JSON.stringify({ bdSeq: last })}\n`, { mode: 0o600 });
      } catch (error) {
        onTrouble(new CodedError("SPARKPLUG_STATE_UNWRITABLE", messageOf(error), { at: file, cause: error }));
      }
      return last;
    },
  };
}

async function lastIn(file: string, onTrouble: (trouble: CodedError) => void): Promise<number | null> {
  try {
    const text = await readFile(file, "utf8");
    const found = /^\{"bdSeq":(\d{1,3})\}\n$/.exec(text);
    const number = Number(found?.[1]);
    if (found !== null && number < NUMBERS) return number;
    onTrouble(new CodedError("SPARKPLUG_STATE_UNREADABLE", "it is not what the agent wrote", { at: file }));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") {
      onTrouble(new CodedError("SPARKPLUG_STATE_UNREADABLE", messageOf(error), { at: file, cause: error }));
    }
  }
  return null;
}
