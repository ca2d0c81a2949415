/** Places that results will be written to, tried before the work that makes them. Trying leaves nothing behind. */
import { open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, errnoOf, messageOf } from "../errors.js";
import { makeFolders, removeFolders } from "../replace-file.js";

/**
 * Tries to write a file.
 * @throws Error of the system: EACCES, EROFS, EISDIR, ENOTDIR ...
 */
export async function tryFile(path: string): Promise<void> {
  const made = await makeFolders(dirname(path));
  try {
    const isNew = await open(path, "wx").then(
      (file) => file.close().then(() => true),
      (error: unknown) => {
        if (errnoOf(error) === "EEXIST") return false;
        throw error;
      },
    );
    if (isNew) await rm(path);
    else await (await open(path, "r+")).close();
  } finally {
    await removeFolders(made);
  }
}

/**
 * Tries to write into a folder.
 * @throws Error of the system
 */
export async function tryFolder(path: string): Promise<void> {
  await tryFile(join(path, `.${process.pid}.probe`));
}

/** Tries the path of a report or a list before anything is computed. @throws CodedError REPORT_UNWRITABLE */
export async function requireReportPath(path: string): Promise<void> {
  await reporting(path, () => tryFile(path));
}

/** Tries the folder of several pictures before anything is computed. @throws CodedError REPORT_UNWRITABLE */
export async function requireReportFolder(path: string): Promise<void> {
  await reporting(path, () => tryFolder(path));
}

/** Writes a report, a list or a picture, also to a device such as /dev/stdout; makes its folder. @throws CodedError REPORT_UNWRITABLE */
export async function writeReport(path: string, content: string | Uint8Array): Promise<void> {
  await reporting(path, async () => {
    await makeFolders(dirname(path));
    await writeFile(path, content);
  });
}

async function reporting(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new CodedError("REPORT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, { at: path, cause });
  }
}
