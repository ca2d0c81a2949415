import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

/** A test file as the runner sees it. */
export interface TestFile {
  /** The source, relative to the project's root: `test/scoring/alert.test.ts`. */
  readonly source: string;
  /** The compiled file, absolute. */
  readonly script: string;
  /** No other test file may run beside it (its source says `// runs alone`): it measures time or takes every core. */
  readonly alone: boolean;
  /** Why it must not be trusted, whatever it prints. */
  readonly faults: readonly string[];
}

/** Contract suites take theirs from there: a file may hold nothing but calls of them. */
const SUPPORT = /from "(?:\.\.?\/|file:)[^"]*(?:support\/suite|contracts\/[\w-]+)\.js"/;
const BARE_UVU = /(?:from|import) "uvu"/;
const ONLY = /^\s*\w+\.only\(/m;

/**
 * The compiled tests below `root`/dist/test and what their sources tell.
 * @param removed is told of each compiled test that was deleted because its source is gone
 */
export function discover(root: string, removed: (script: string) => void): TestFile[] {
  const compiled = join(root, "dist", "test");
  const files: TestFile[] = [];
  for (const script of filesUnder(compiled, ".test.js")) {
    const source = join("test", relative(compiled, script).replace(/\.js$/, ".ts"));
    if (existsSync(join(root, source))) {
      files.push({ source, script, ...judge(readFileSync(join(root, source), "utf8")) });
    } else {
      rmSync(script);
      rmSync(`${script}.map`, { force: true });
      removed(source);
    }
  }
  for (const source of filesUnder(join(root, "test"), ".test.ts").map((path) => relative(root, path))) {
    if (files.some((file) => file.source === source)) continue;
    files.push({ source, script: "", alone: false, faults: ["was not compiled: run the build"] });
  }
  return files;
}

function judge(text: string): Pick<TestFile, "alone" | "faults"> {
  const faults: string[] = [];
  if (!SUPPORT.test(text)) faults.push('does not take its suites from "support/suite.js"');
  if (BARE_UVU.test(text)) faults.push("imports uvu directly: a throwing hook would go unnoticed");
  if (ONLY.test(text)) faults.push("has a test marked .only: it hides the others");
  return { alone: /^\/\/ runs alone/m.test(text), faults };
}

function filesUnder(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}
