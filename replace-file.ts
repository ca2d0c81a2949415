import { mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errnoOf } from "./errors.js";

/** A file as it is to be. */
export interface Replacement {
  readonly path: string;
  readonly bytes: string | Uint8Array;
  /** Permissions; 0o666 less the umask unless given. */
  readonly mode?: number;
}

/** The system calls that a replacement makes; a test hands in its own to see their order. */
export interface ReplaceFileSystem {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
}

const DISK: ReplaceFileSystem = { open, rename, rm };

/**
 * Replaces the file at `path`, or creates it. After a crash at any moment, a power cut included, the whole old file or the whole
 * new one is there; once the promise is fulfilled, it is the new one. A crash may leave `path`.draft behind, which the next
 * replacement overwrites. Calls for the same path must not overlap.
 * @throws what the file system answers (ENOSPC, EACCES, ...), after the draft was removed
 */
export function replaceFile(
  path: string,
  bytes: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  return replaceFiles([{ path, bytes, ...options }]);
}

/**
 * Replaces files that belong together. All of them are on disk as drafts before the first takes its place, so that a full disk
 * changes none. They take their places in the order given: a crash in between leaves the first ones new and the others old.
 * @throws what the file system answers, after the drafts were removed
 */
export async function replaceFiles(
  replacements: readonly Replacement[],
  files: ReplaceFileSystem = DISK,
): Promise<void> {
  try {
    for (const replacement of replacements) await writeDraft(replacement, files);
    for (const { path } of replacements) await files.rename(draftOf(path), path);
  } catch (error) {
    // A draft that cannot be removed either says nothing that the first error does not say.
    for (const { path } of replacements) await files.rm(draftOf(path), { force: true }).catch(() => undefined);
    throw error;
  }
  for (const folder of new Set(replacements.map(({ path }) => dirname(path)))) await syncFolder(folder, files);
}

/** Creates a folder and those above it that are missing; once the promise is fulfilled, all of them are on disk. */
export async function makeFolder(path: string, options: { readonly mode?: number } = {}): Promise<void> {
  for (const folder of await makeFolders(path, options)) await syncFolder(dirname(folder));
}

/**
 * Creates a folder and those above it that are missing. (Node's own recursive mkdir never returns where the system says of every
 * new folder that there is none, as /proc does, and takes a core meanwhile.)
 * @returns those that were created, the uppermost first
 * @throws what the file system answers: EACCES, EROFS, ENOTDIR, EEXIST for a file of that name ...; then none of them is left
 */
export async function makeFolders(path: string, options: { readonly mode?: number } = {}): Promise<readonly string[]> {
  const folder = resolve(path);
  try {
    await mkdir(folder, options);
    return [folder];
  } catch (error) {
    if (errnoOf(error) === "EEXIST" && (await stat(folder)).isDirectory()) return [];
    if (errnoOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
  }
  const above = await makeFolders(dirname(folder), options);
  try {
    await mkdir(folder, options);
  } catch (error) {
    // Somebody else was quicker, or it cannot be made: then the system says so of this very call again.
    if (errnoOf(error) === "EEXIST" && (await stat(folder)).isDirectory()) return above;
    await removeFolders(above);
    throw error;
  }
  return [...above, folder];
}

/** Removes folders that `makeFolders` created, the lowest first; one that another process uses by now stays. */
export async function removeFolders(made: readonly string[]): Promise<void> {
  for (const folder of made.toReversed()) {
    await rmdir(folder).catch((error: unknown) => {
      if (!["ENOTEMPTY", "ENOENT"].includes(errnoOf(error))) throw error;
    });
  }
}

const draftOf = (path: string): string => `${path}.draft`;

async function writeDraft({ path, bytes, mode }: Replacement, files: ReplaceFileSystem): Promise<void> {
  const draft = await files.open(draftOf(path), "w", mode);
  try {
    await draft.writeFile(bytes);
    await draft.sync();
  } finally {
    await draft.close();
  }
}

/**
 * Brings the names in a folder to the disk: a file that was created, renamed or removed in it is so after a power cut, too.
 * Network file systems that cannot sync a folder answer EINVAL or ENOTSUP: they keep renames by rules of their own.
 */
export async function syncFolder(path: string, files: Pick<ReplaceFileSystem, "open"> = DISK): Promise<void> {
  const folder = await files.open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP"].includes(errnoOf(error))) throw error;
  } finally {
    await folder.close();
  }
}
