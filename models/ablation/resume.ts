import { readFile } from "node:fs/promises";
import { replaceFile } from "../../replace-file.js";

/** What a file holds; where there is none, what `make` yields, kept in it. */
export async function kept<T>(file: string, make: () => Promise<T>): Promise<T> {
  const text = await readFile(file, "utf8").catch(() => null);
  if (text !== null) return JSON.parse(text);
  const made = await make();
  await replaceFile(file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}
