import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolders } from "../../replace-file.js";
import { inTurns } from "../kit/serial.js";
import type { Resolution } from "../kit/sharpest.js";
import type { FeedbackVerdict } from "../types.js";
import { type Archive, type Item, onDisk } from "./archive.js";
import { cameraOf, RAISED, RECORD, rawKey, resolutionIn } from "./raw-frames.js";
import { isAlertId, namesIn } from "./store.js";

/** What a person may say of a frame: each has a folder of its own. */
export const verdicts: readonly FeedbackVerdict[] = ["defect", "not_a_defect"];

/** Where frames that a person has judged are kept for training. Retort deletes nothing here. */
export interface Feedback {
  /**
   * Moves an alert's raw frames: the raising one to `folder/<verdict>/<camera>/<alert id>.webp`, where
   * `retort train --normal folder/not_a_defect` finds it, the moments before, which nobody has judged, to `folder/before`.
   * A second verdict outweighs the first.
   * Its record goes with it.
   * @throws CodedError FEEDBACK_ALERT_INVALID, FEEDBACK_VERDICT_INVALID, FEEDBACK_NO_FRAME, FEEDBACK_FULL, FEEDBACK_FAILED
   */
  keep(alertId: string, verdict: FeedbackVerdict): Promise<KeptForTraining>;
}

/** A raw frame that is kept for training. */
export interface KeptForTraining {
  readonly path: string;
  /** In whose pixels it is; null where nobody noted it. */
  readonly size: Resolution | null;
}

/** @param maxBytes of all that is kept here */
export function diskFeedback(folder: string, archive: Archive, maxBytes: number): Feedback {
  const pathOf = (verdict: FeedbackVerdict, camera: string, alertId: string): string =>
    join(folder, verdict, camera, `${alertId}.webp`);

  /** Where frames that were judged before are. */
  async function judged(alertId: string): Promise<{ path: string; camera: string } | null> {
    for (const verdict of verdicts) {
      for (const camera of await namesIn(join(folder, verdict))) {
        const path = pathOf(verdict, camera, alertId);
        if ((await stat(path).catch(() => null)) !== null) return { path, camera };
      }
    }
    return null;
  }

  /** Undefined where somebody else took the frames away. */
  async function move(item: Item, verdict: FeedbackVerdict): Promise<string | undefined> {
    if (!(await namesIn(item.path)).includes(RAISED)) return undefined;
    if ((await bytesUnder(folder)) + item.bytes > maxBytes) {
      throw new CodedError("FEEDBACK_FULL", `${folder} holds ${Math.round(maxBytes / 1_048_576)} MB already`, {
        at: folder,
        remedy: "Train with what is there, then move it away; or raise evidence.maxMb.",
      });
    }
    const path = pathOf(verdict, cameraOf(item), item.id);
    const before = join(folder, "before", cameraOf(item));
    await makeFolders(dirname(path), { mode: 0o700 });
    await makeFolders(before, { mode: 0o700 });
    await rename(join(item.path, RECORD), recordOf(path)).catch(ifThere);
    await rename(join(item.path, RAISED), path);
    // An alert that was raised again may have been judged before.
    await rm(join(before, item.id), { recursive: true, force: true });
    await rename(item.path, join(before, item.id));
    return path;
  }

  async function keep(alertId: string, verdict: FeedbackVerdict): Promise<KeptForTraining> {
    let path: string | undefined;
    await archive.release(rawKey(alertId), async (item) => {
      path = await move(item, verdict);
    });
    if (path !== undefined) return described(path);
    const earlier = await judged(alertId);
    if (earlier === null) {
      throw new CodedError("FEEDBACK_NO_FRAME", "no raw frame of this alert or part is kept, or none any more", {
        at: alertId,
      });
    }
    path = pathOf(verdict, earlier.camera, alertId);
    await makeFolders(dirname(path), { mode: 0o700 });
    await rename(recordOf(earlier.path), recordOf(path)).catch(ifThere);
    await rename(earlier.path, path);
    return described(path);
  }

  const inTurn = inTurns();
  return {
    async keep(alertId, verdict) {
      check(alertId, verdict);
      try {
        return await inTurn(() => keep(alertId, verdict));
      } catch (error) {
        if (error instanceof CodedError) throw error;
        throw new CodedError("FEEDBACK_FAILED", `the frames cannot be moved: ${messageOf(error)}`, {
          at: folder,
          cause: error,
        });
      }
    },
  };
}

async function described(path: string): Promise<KeptForTraining> {
  return { path, size: await resolutionIn(recordOf(path)) };
}

/** The record's path beside a picture. */
export function recordOf(path: string): string {
  return path.replace(/\.webp$/, ".json");
}

/** Before version 0.2 there were no records. */
function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

function check(alertId: string, verdict: FeedbackVerdict): void {
  if (!isAlertId(alertId)) {
    throw new CodedError("FEEDBACK_ALERT_INVALID", "this is no alert's id", { at: "alert" });
  }
  if (!verdicts.includes(verdict)) {
    throw new CodedError("FEEDBACK_VERDICT_INVALID", "this is no verdict", {
      at: "verdict",
      remedy: `Say one of ${verdicts.join(", ")}.`,
    });
  }
}

async function bytesUnder(path: string): Promise<number> {
  const info = await stat(path).catch(() => null);
  if (info === null) return 0;
  if (!info.isDirectory()) return onDisk(info.size);
  let sum = 0;
  for (const name of await namesIn(path)) sum += await bytesUnder(join(path, name));
  return sum;
}
