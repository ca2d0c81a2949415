import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { tryFolder } from "../writable.js";

/**
 * Tries to write where a bundle is to be, and beside it, where the checkpoint goes: before the first epoch, not after the last.
 * @param sources files that the bundle is made of: it never takes the place of one of them
 * @throws CodedError BUNDLE_UNWRITABLE, OPTION_INVALID
 */
export async function requireWritableBundle(dir: string, sources: readonly string[] = []): Promise<void> {
  const model = await settled(join(dir, "model.onnx"));
  for (const source of sources) {
    if (model === null || (await settled(source)) !== model) continue;
    const remedy = "Give another folder: a bundle is not written over what it is made of.";
    throw new CodedError("OPTION_INVALID", `--out is ${dir}, where ${source} lies`, { at: "out", remedy });
  }
  try {
    await tryFolder(dirname(dir));
    await tryFolder(dir);
  } catch (cause) {
    throw new CodedError("BUNDLE_UNWRITABLE", `cannot write the model bundle: ${messageOf(cause)}`, { at: dir, cause });
  }
}

/** A file's path without links; null where there is none, or none that can be looked at: whoever reads it says so. */
const settled = (path: string): Promise<string | null> => realpath(path).catch(() => null);
