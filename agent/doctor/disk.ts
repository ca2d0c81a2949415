import { access, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../errors.js";
import { tryFolder } from "../../models/writable.js";
import type { Check } from "./check.js";

const ENOUGH_MB = 500;

/** Room for the agent's state, and whether it can be written there, which is tried and leaves nothing behind; never rejects. */
export async function diskCheck(statePath: string): Promise<Check> {
  const path = "state.path";
  try {
    await tryFolder(statePath);
    const { bavail, bsize } = await statfs(await nearest(statePath));
    const freeMb = Math.floor((bavail * bsize) / 1_048_576);
    const message = `${statePath}: ${freeMb} MB free`;
    if (freeMb >= ENOUGH_MB) return { level: "ok", code: "DISK_OK", path, message, remedy: "" };
    return { level: "fail", code: "DISK_LOW", path, message, remedy: `Make room: ${ENOUGH_MB} MB should be free.` };
  } catch (error) {
    const remedy = "Choose a directory that this user may write.";
    return { level: "fail", code: "STATE_UNWRITABLE", path, message: `${statePath}: ${messageOf(error)}`, remedy };
  }
}

/** The agent makes the directory itself: what counts is the one it will be made in. */
async function nearest(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch (error) {
    if (folder === dirname(folder)) throw error;
    return nearest(dirname(folder));
  }
}
