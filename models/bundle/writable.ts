import { dirname } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { tryFolder } from "../writable.js";

/**
 * Tries to write where a bundle is to be, and beside it, where the checkpoint goes: before the first epoch, not after the last.
 * @throws CodedError BUNDLE_UNWRITABLE
 */
export async function requireWritableBundle(dir: string): Promise<void> {
  try {
    await tryFolder(dirname(dir));
    await tryFolder(dir);
  } catch (cause) {
    throw new CodedError("BUNDLE_UNWRITABLE", `cannot write the model bundle: ${messageOf(cause)}`, { at: dir, cause });
  }
}
