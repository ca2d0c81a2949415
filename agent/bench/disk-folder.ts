import { access, constants, statfs } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";

/** Linux's file systems that live in memory, tmpfs and ramfs, by their numbers in statfs(2). */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * A folder for temporary files on a disk: where `/tmp` lives in memory, a sync costs nothing and measures nothing.
 * @returns the usual one where there is none on a disk
 */
export async function diskFolder(): Promise<string> {
  for (const folder of [tmpdir(), "/var/tmp", homedir()]) {
    if ((await isWritable(folder)) && (await isOnDisk(folder))) return folder;
  }
  return tmpdir();
}

/** Whether what is synced in a folder is on a disk then. @throws what the file system does where there is no such folder */
export async function isOnDisk(folder: string): Promise<boolean> {
  return !IN_MEMORY.has((await statfs(folder)).type);
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}
