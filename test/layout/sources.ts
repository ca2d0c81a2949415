import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageRoot } from "../../config/package-root.js";

export const root = packageRoot();

export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Module specifiers that exist at run time. */
  readonly imports: readonly string[];
  /** Paths of the sources that it imports, types included. */
  readonly uses: readonly string[];
}

/** The sources in a folder, or the one source of that path. */
export function read(path: string): Source[] {
  if (/\.(c?ts|tsx|mjs)$/.test(path)) return [sourceAt(path)];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() || /\.(c?ts|tsx|mjs)$/.test(entry.name) ? read(`${path}/${entry.name}`) : [],
  );
}

function sourceAt(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const uses = specifiersIn(text, true)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(path), specifier).replace(/\.(c?)js$/, ".$1ts"))
    // A file with JSX is imported as any other.
    .map((used) => (used.endsWith(".ts") && !existsSync(join(root, used)) ? `${used}x` : used));
  return { path, text, imports: specifiersIn(text, false), uses };
}

function specifiersIn(text: string, types: boolean): string[] {
  const kind = types ? "" : "(?!type\\s)";
  const statements = text.matchAll(
    new RegExp(`^(?:import|export)\\s+${kind}(?:[^;"']*?\\sfrom\\s+)?["']([^"']+)["']`, "gm"),
  );
  const calls = text.matchAll(/\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g);
  return [...statements, ...calls].map(([, specifier]) => specifier ?? "");
}

/** What ships: everything below these, and nothing else. */
export const product = ["errors.ts", "replace-file.ts", "error-codes", "agent", "models", "config"].flatMap(read);

export function paths(sources: readonly Source[]): string[] {
  return sources.map(({ path }) => path);
}
