import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { pages } from "./pages.js";

const root = packageRoot();
for (const { path, text } of pages) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text());
}
