import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";

/**
 * The space that is taken while there is some, to be let go when the disk is full: LevelDB cannot even delete on a full disk, as
 * its deletions and compactions are written, too.
 */
export class Reserve {
  readonly #file: string;
  readonly #bytes: number;

  constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Takes the space. True when all of it is there; a file system that is full, or cannot hold it, is no error. */
  async take(): Promise<boolean> {
    if (this.#bytes === 0) return true;
    if ((await sizeOf(this.#file)) === this.#bytes) return true;
    try {
      const file = await open(this.#file, "w", 0o600);
      try {
        // Bytes that neither a compressing nor a sparse file system makes smaller.
        const chunk = randomBytes(Math.min(this.#bytes, 1_048_576));
        for (let left = this.#bytes; left > 0; left -= chunk.length) {
          await file.write(chunk.subarray(0, Math.min(left, chunk.length)));
        }
        await file.sync();
      } finally {
        await file.close();
      }
      // A write on an almost full disk may have been a short one.
      if ((await sizeOf(this.#file)) === this.#bytes) return true;
      await this.release();
      return false;
    } catch {
      await this.release();
      return false;
    }
  }

  /** Lets the space go. True when there was some. */
  async release(): Promise<boolean> {
    const had = (await sizeOf(this.#file)) > 0;
    await rm(this.#file, { force: true });
    return had;
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
