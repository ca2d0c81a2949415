/**
 * The test entry: `npm test`, or `node dist/test/run.js [PART-OF-A-PATH ...]` for some of the files.
 *
 * Every file runs in a process of its own. It fails when a test fails, and also when a suite never ran, a hook threw,
 * a handle was leaked or a process left behind: things that uvu alone takes for success.
 *
 * Environment: RETORT_TEST_JOBS files at a time (one more than there are cores, for tests wait as often as they compute);
 * RETORT_TEST_LIMIT_S (120) for a file; RETORT_TEST_LINGER_S (5) from a file's summary to its end; RETORT_TEST_ROOT, another
 * project's root (this runner's own tests).
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { discover, type TestFile } from "./runner/discover.js";
import { execute, type FileResult, killAll } from "./runner/execute.js";

const { env } = process;
const root = resolve(env.RETORT_TEST_ROOT ?? fileURLToPath(new URL("../..", import.meta.url)));
const limits = {
  fileMs: 1000 * number("RETORT_TEST_LIMIT_S", 120),
  lingerMs: 1000 * number("RETORT_TEST_LINGER_S", 5),
};
const jobs = number("RETORT_TEST_JOBS", availableParallelism() + 1);
let passed = 0;
let failed = 0;
let skipped = 0;

function number(name: string, otherwise: number): number {
  const value = Number(env[name] ?? otherwise);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`${name} must be a positive number, not ${env[name]}`);
  process.exit(2);
}

async function runOne(file: TestFile): Promise<void> {
  // Colours would only get in the way of reading the summaries.
  const childEnv = { ...env, NO_COLOR: "1", FORCE_COLOR: undefined, RETORT_TEST_JOBS: String(file.alone ? 1 : jobs) };
  const ran = file.script === "" ? null : await execute(file.script, limits, childEnv);
  report(file, ran);
}

function report(file: TestFile, ran: FileResult | null): void {
  const faults = [...file.faults, ...(ran?.faults ?? [])];
  const failures = Math.max(ran?.failed ?? 0, Math.min(1, faults.length));
  passed += ran?.passed ?? 0;
  failed += failures;
  skipped += ran?.skipped ?? 0;
  const counts = `${ran?.passed ?? 0} passed${ran !== null && ran.skipped > 0 ? `, ${ran.skipped} skipped` : ""}`;
  const seconds = ((ran?.ms ?? 0) / 1000).toFixed(1);
  if (failures === 0) {
    console.log(`ok    ${file.source}: ${counts} (${seconds} s)`);
    // What was left out must be seen, not only counted.
    for (const line of ran?.output.split("\n") ?? [])
      if (/\bskipp(ed|ing)\b/i.test(line) && !/Skipped: +\d/.test(line)) console.log(`      ${line.trim()}`);
    return;
  }
  console.log(`\nFAIL  ${file.source}: ${counts}, ${failures} failed (${seconds} s)`);
  if (ran !== null) console.log(ran.output.trimEnd());
  for (const fault of faults) console.log(`FAIL  ${file.source}: ${fault}`);
  console.log("");
}

async function runAll(files: readonly TestFile[], width: number): Promise<void> {
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await runOne(file);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killAll();
    console.error(`\nstopped by ${signal}`);
    process.exit(1);
  });
}

const wanted = process.argv.slice(2);
const all = discover(root, (source) => console.log(`removed the compiled ${source}, whose source is gone`));
const files = all.filter((file) => wanted.length === 0 || wanted.some((part) => file.source.includes(part)));
await runAll(
  files.filter((file) => !file.alone),
  jobs,
);
await runAll(
  files.filter((file) => file.alone),
  1,
);
if (files.length === 0) {
  console.log("no test file was found");
  failed += 1;
}
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
