import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** The hash of a file, in hexadecimal. @throws what the file system answers */
export async function sha256OfFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
