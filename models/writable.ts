/** Places that results will be written to, tried before the work that makes them. */
import { mkdir, open, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Tries to write a file, and leaves it as it was; makes its folder.
 * @throws Error of the system: EACCES, EROFS, EISDIR, ENOTDIR ...
 */
export async function tryFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const created = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return null;
    throw error;
  });
  if (created === null) {
    const existing = await open(path, "r+");
    await existing.close();
    return;
  }
  await created.close();
  await rm(path);
}

/**
 * Tries to write into a folder, and leaves it as it was; makes the folders above it.
 * @throws Error of the system
 */
export async function tryFolder(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true });
  await tryFile(join(path, `.${process.pid}.probe`));
  if (created !== undefined) await rmdir(path);
}
