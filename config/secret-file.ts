import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { errnoOf } from "../errors.js";
import { textIn } from "./text-file.js";

/**
 * The secret in the first line of a file.
 * @throws Error whose message is the reason alone: never what the file holds, and never its path, for where a secret's file is wanted
 * the secret itself is soon written
 */
export async function readSecretFile(path: string): Promise<string> {
  return firstLine(await readFile(path).catch(refuse));
}

/** As readSecretFile, for those who cannot wait. */
export function readSecretFileSync(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return refuse(error);
  }
  return firstLine(bytes);
}

function firstLine(bytes: Uint8Array): string {
  const line = textIn(bytes).split(/\r?\n/, 1)[0] ?? "";
  if (line === "") throw new Error("its first line is empty");
  return line;
}

function refuse(error: unknown): never {
  throw new Error(errnoOf(error));
}
