import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryFolder } from "./config.js";

/** A machine's files of a fixture in a folder of their own: lines of a path, a colon and a content. @returns the folder, in the place of / */
export async function machineTree(name: string): Promise<string> {
  const root = temporaryFolder();
  const lines = (await readFile(join("test/fixtures/machines", `${name}.txt`), "utf8")).split("\n");
  for (const line of lines.filter((each) => each.startsWith("/"))) {
    const at = line.indexOf(": ");
    const path = join(root, line.slice(0, at));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(
      path,
      `${line
        .slice(at + 2)
        .replaceAll("\\n", "\n")
        .replaceAll("\\0", "\0")}\n`,
    );
  }
  return root;
}
