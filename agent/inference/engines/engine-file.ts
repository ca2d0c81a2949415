import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { EngineFile } from "../protocol.js";

/** The bytes of an engine. @throws Error where they are not those that were built */
export async function readEngine({ path, sha256 }: EngineFile): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error("its engine is damaged on the disk");
  return bytes;
}

/** The SHA-256 of a file however large, lower case hex. @throws what the file system answers */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
