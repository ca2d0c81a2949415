/**
 * `npm run test:nodes [-- 22 24] [--tests PART]`: what is committed, with each version of Node that Retort promises to run with: set up,
 * built, started, tested. Node comes from npm's registry into a folder that goes again, and so does the copy: the GStreamer binding
 * is compiled against one version. Some minutes each; with `--tests all` as many more as `npm test` takes.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";

const VERSIONS = ["20", "22", "24"];
/** What is native, what rests on Node's own modules, and whole programs. */
const TESTS = [
  "test/setup",
  "test/capture",
  "test/inference",
  "test/store",
  "test/evidence",
  "test/mqtt/tls",
  "test/cli",
];

/**
 * @param wanted as npm has it: `22`, or `22.23.3`
 * @returns what failed, if anything did
 */
function faultOf(wanted: string, tests: readonly string[]): string | null {
  const folder = temporaryFolder();
  const env = { ...process.env, PATH: `${join(folder, "package", "bin")}:${process.env.PATH}` };
  const name = `node-linux-${process.arch}@${wanted}`;
  const steps = {
    "fetching it": `packed=$(npm pack --loglevel error ${name}); tar -xzf "$packed"; git clone --quiet "$0" retort`,
    "set-up": "cd retort; node --version; exec node deploy/setup.mjs --test",
    "the demo's first verdict": "cd retort; exec node dist/test/start-time/main.js --times 1",
    tests: 'cd retort; exec node dist/test/run.js "$@"',
  };
  const failed = Object.entries(steps).find(([step, script]) => {
    console.log(`== Node ${wanted}: ${step}`);
    const args = ["-euc", script, packageRoot(), ...tests];
    return spawnSync("sh", args, { cwd: folder, env, stdio: "inherit" }).status !== 0;
  });
  return failed?.[0] ?? null;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tests: { type: "string", multiple: true, default: TESTS } },
});
const tests = values.tests.includes("all") ? [] : values.tests;
const tried = (positionals.length === 0 ? VERSIONS : positionals).map((wanted) => ({
  wanted,
  fault: faultOf(wanted, tests),
}));
for (const { wanted, fault } of tried)
  console.log(fault === null ? `ok    Node ${wanted}` : `FAIL  Node ${wanted}: ${fault}`);
const failures = tried.filter(({ fault }) => fault !== null).length;
console.log(`${tried.length - failures} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
