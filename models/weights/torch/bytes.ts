import { open } from "node:fs/promises";

/** A file that is read in parts: a checkpoint may be many times as large as the tensors that are wanted of it. */
export interface Bytes {
  readonly size: number;
  /** @throws RangeError for bytes that lie outside the file: nothing is allocated for them */
  read(from: number, length: number): Promise<Buffer<ArrayBuffer>>;
}

/** Calls `work` with a file that is open meanwhile. @throws what the file system answers */
export async function withBytes<Result>(path: string, work: (bytes: Bytes) => Promise<Result>): Promise<Result> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await work({
      size,
      async read(from, length) {
        if (!(from >= 0 && length >= 0 && from + length <= size)) {
          throw new RangeError(`${length} bytes from ${from} on are wanted of a file of ${size}`);
        }
        const buffer = Buffer.from(new ArrayBuffer(length));
        let at = 0;
        while (at < length) {
          const { bytesRead } = await file.read(buffer, at, length - at, from + at);
          if (bytesRead === 0) throw new RangeError("it became shorter while it was read");
          at += bytesRead;
        }
        return buffer;
      },
    });
  } finally {
    await file.close();
  }
}
