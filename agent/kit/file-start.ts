import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * The start of a small file as text; null where it cannot be read. A named pipe that nobody writes into is empty, and not waited for: whatever lies
 * there, one read is made of it.
 */
export async function startOfFile(path: string, mostBytes: number): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    // A folder, a sensor that is asleep (EAGAIN), a pipe: it has no text.
    return null;
  } finally {
    await file.close();
  }
}
