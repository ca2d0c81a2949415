/** Places that results will be written to, tried before the work that makes them. Trying leaves nothing behind. */
import { mkdir, open, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError, errnoOf, messageOf } from "../errors.js";

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
    await mkdir(dirname(path), { recursive: true });
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

/**
 * Makes a folder and those above it that are missing. (Node's own recursive mkdir never returns where the system says of every
 * new folder that there is none, as /proc does.)
 * @returns those that were made, the uppermost first
 */
async function makeFolders(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path);
    return [path];
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return [];
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
  }
  const above = await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    await removeFolders(above);
    throw error;
  }
  return [...above, path];
}

async function removeFolders(made: readonly string[]): Promise<void> {
  for (const folder of made.toReversed()) {
    // Another process may have begun to use it.
    await rmdir(folder).catch((error: unknown) => {
      if (!["ENOTEMPTY", "ENOENT"].includes(errnoOf(error))) throw error;
    });
  }
}
