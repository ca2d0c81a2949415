// Bundles the live view for browsers.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { step } from "./report.mjs";

/** What the agent serves, below dist/. */
export const PAGE = ["index.html", "app.js", "app.css"].map((name) => join("agent", "http", "web", name));

/** @returns {boolean} whether all of the page is there */
export function hasPage(root) {
  return PAGE.every((path) => existsSync(join(root, "dist", path)));
}

/**
 * Everything in three files, which ask for nothing elsewhere.
 * @param {{root: string}} options
 * @throws {SetupError} with esbuild's output if the sources cannot be bundled
 */
export function buildPage({ root }) {
  const from = join("agent", "http", "web");
  const args = [
    `app=${join(from, "main.tsx")}`,
    `app=${join(from, "app.css")}`,
    `index=${join(from, "index.html")}`,
    "--loader:.html=copy",
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    `--tsconfig=${join(from, "tsconfig.json")}`,
    `--outdir=${join("dist", from)}`,
    "--log-level=warning",
  ];
  step("building the live view", join(root, "node_modules", ".bin", "esbuild"), args, { cwd: root });
}
