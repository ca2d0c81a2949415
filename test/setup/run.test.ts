/** The test entry itself, run on small projects that misbehave in each way it must notice. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";

const entry = fileURLToPath(new URL("../run.js", import.meta.url));
const support = new URL("../support/suite.js", import.meta.url).href;
const uvu = import.meta.resolve("uvu");
const header = `import { suite } from "${support}";\nconst test = suite("fixture");\n`;
const good = `${header}test("is good", () => {});\ntest.run();\n`;

interface Ran {
  readonly status: number | null;
  readonly text: string;
  readonly last: string;
}

/** Makes a project of test files (name -> JavaScript, which serves as the source too) and runs the entry on it. */
async function runOn(files: Record<string, string>, change: (root: string) => void = () => {}): Promise<Ran> {
  const root = mkdtempSync(join(tmpdir(), "retort-run-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      for (const path of [`test/${name}.test.ts`, `dist/test/${name}.test.js`]) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
    }
    writeFileSync(join(root, "package.json"), '{"type":"module"}');
    change(root);
    return await runEntry(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function runEntry(root: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, RETORT_TEST_ROOT: root, RETORT_TEST_LIMIT_S: "3", RETORT_TEST_LINGER_S: "0.3" };
    const child = spawn(process.execPath, [entry], { env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.stderr.on("data", (chunk) => (text += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, text, last: text.trimEnd().split("\n").at(-1) ?? "" }));
  });
}

const test = suite("test entry");

test("passing files: their tests are counted and the status is 0", async () => {
  const ran = await runOn({ one: good, "deep/two": good });
  assert.is(ran.last, "2 passed, 0 failed");
  assert.is(ran.status, 0);
});

test("a failing test is counted, and its file's output is shown in full", async () => {
  const bad = `${header}test("fine", () => {});\ntest("bad", () => { console.log("clue"); throw new Error("boom"); });\ntest.run();\n`;
  const ran = await runOn({ bad, good });
  assert.is(ran.last, "2 passed, 1 failed");
  assert.is(ran.status, 1);
  assert.match(ran.text, "clue");
  assert.match(ran.text, "boom");
});

test("skipped tests are counted apart", async () => {
  const ran = await runOn({ some: `${header}test("a", () => {});\ntest.skip("b", () => {});\ntest.run();\n` });
  assert.match(ran.text, "\n1 skipped\n");
  assert.is(ran.last, "1 passed, 0 failed");
});

const misbehaving: Record<string, { readonly code: string; readonly says: RegExp; readonly passed?: number }> = {
  "a suite that never ran": {
    code: `${good}suite("forgotten")("unseen", () => {});\n`,
    says: /SUITE NEVER RAN: "forgotten"/,
    passed: 1,
  },
  "a file whose only suite never ran": { code: `${header}test("unseen", () => {});\n`, says: /without a summary/ },
  "a file without tests": { code: `${header}test.run();\n`, says: /has no tests/ },
  "a hook that throws before": {
    code: `${header}test.before(() => { throw new Error("hook"); });\ntest("a", () => {});\ntest.run();\n`,
    says: /HOOK FAILED: before/,
  },
  "a hook that throws after": {
    code: `${header}test.after(() => { throw new Error("hook"); });\ntest("a", () => {});\ntest.run();\n`,
    says: /HOOK FAILED: after/,
  },
  "a leaked handle": {
    code: `${good}setInterval(() => {}, 1000);\n`,
    says: /STILL OPEN: Timeout[\s\S]*a handle was leaked/,
    passed: 1,
  },
  "a test that never ends": {
    code: `${header}test("hangs", () => new Promise((r) => setTimeout(r, 60_000)));\ntest.run();\n`,
    says: /still running after 3 s/,
  },
  "a loop that never ends": {
    code: `${header}test("spins", () => { for (;;); });\ntest.run();\n`,
    says: /still running/,
  },
  "a crash": {
    code: `${header}test("dies", () => process.kill(process.pid, "SIGKILL"));\ntest.run();\n`,
    says: /SIGKILL/,
  },
  "an early exit with status 0": {
    code: `${header}test("leaves", () => process.exit(0));\ntest.run();\n`,
    says: /without a summary/,
  },
  "a rejection nobody handles": {
    code: `${good}process.once("beforeExit", () => void Promise.reject(new Error("late")));\n`,
    says: /late/,
    passed: 1,
  },
  "a process left behind": {
    code: `import { spawn } from "node:child_process";\n${header}test("a", () => spawn("sleep", ["60"], { stdio: "ignore" }).unref());\ntest.run();\n`,
    says: /left processes running: sleep/,
    passed: 1,
  },
  "suites taken from uvu itself": {
    code: `import { suite } from "${uvu}";\nconst test = suite("bare");\ntest("a", () => {});\ntest.run();\n`,
    says: /does not take its suites from/,
    passed: 1,
  },
  "a test marked .only": {
    code: `${header}test.only("a", () => {});\ntest("b", () => {});\ntest.run();\n`,
    says: /marked \.only/,
    passed: 1,
  },
};

for (const [name, { code, says, passed = 0 }] of Object.entries(misbehaving)) {
  test(`${name} fails the run`, async () => {
    const ran = await runOn({ fixture: code });
    assert.match(ran.text, says);
    assert.is(ran.last, `${passed} passed, 1 failed`);
    assert.is(ran.status, 1);
  });
}

test("a file may take its suites from a contract", async () => {
  const contract = `${header}export const hold = () => {\n  test("is held", () => {});\n  test.run();\n};\n`;
  const ran = await runOn({ port: 'import { hold } from "./contracts/port.js";\nhold();\n' }, (root) => {
    mkdirSync(join(root, "dist/test/contracts"));
    writeFileSync(join(root, "dist/test/contracts/port.js"), contract);
  });
  assert.is(ran.last, "1 passed, 0 failed");
});

test("a compiled test whose source is gone is removed, not run", async () => {
  const ran = await runOn({ kept: good, gone: good }, (root) => rmSync(join(root, "test/gone.test.ts")));
  assert.match(ran.text, /removed .*gone\.test\.ts/);
  assert.is(ran.last, "1 passed, 0 failed");
});

test("a test that was not compiled fails the run", async () => {
  const ran = await runOn({ kept: good, raw: good }, (root) => rmSync(join(root, "dist/test/raw.test.js")));
  assert.is(ran.last, "1 passed, 1 failed");
});

test("no test at all fails the run", async () => {
  const ran = await runOn({});
  assert.is(ran.last, "0 passed, 1 failed");
  assert.is(ran.status, 1);
});

test("files that run alone never overlap another", async () => {
  const mark = join(mkdtempSync(join(tmpdir(), "retort-alone-")), "busy");
  const body = `import { existsSync, rmSync, writeFileSync } from "node:fs";\n${header}test("alone", async () => {
  if (existsSync("${mark}")) throw new Error("overlap");
  writeFileSync("${mark}", ""); await new Promise((r) => setTimeout(r, 300)); rmSync("${mark}");
});\ntest.run();\n`;
  const ran = await runOn({ a: `// runs alone\n${body}`, b: body, c: `// runs alone\n${body}` });
  rmSync(dirname(mark), { recursive: true });
  assert.is(ran.last, "3 passed, 0 failed");
  assert.not.ok(existsSync(mark));
});

test.run();
