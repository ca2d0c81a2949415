/** The npm and build steps, with stand-ins for npm and the compiler: what makes them run, and what keeps them from it. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";

const lib = new URL("../../../deploy/lib/", import.meta.url);
const test = suite("set-up steps");
let root = "";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function log(): string {
  return existsSync(join(root, "calls.log")) ? readFileSync(join(root, "calls.log"), "utf8") : "";
}

/** Runs one exported step in a process of its own, as set-up does. */
function run(file: string, step: string): { status: number | null; said: string } {
  const script = `
    import { ${step} } from ${JSON.stringify(new URL(file, lib).href)};
    try { ${step}({ root: ${JSON.stringify(root)} }); } catch (error) { console.error(error.message); process.exitCode = 1; }`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { PATH: `${root}/bin:${process.env.PATH}`, ROOT: root },
    encoding: "utf8",
  });
  return { status: ran.status, said: ran.stdout + ran.stderr };
}

const build = () => run("build.mjs", "build");
const mendBinding = () => run("binding.mjs", "mendBinding");
const installModules = () => run("npm.mjs", "installModules");

const compiler = `
  const fs = require("node:fs"), path = require("node:path");
  fs.appendFileSync(process.env.ROOT + "/calls.log", "tsc\\n");
  if (fs.readFileSync("agent/a.ts", "utf8").includes("WRONG")) { console.log("agent/a.ts(1,1): error TS1: wrong"); process.exit(2); }
  // Like the real one, it writes nothing that its own record says is written.
  if (fs.existsSync("dist/.tsbuildinfo")) process.exit(0);
  fs.mkdirSync("dist/agent", { recursive: true });
  fs.writeFileSync("dist/agent/a.js", ""); fs.writeFileSync("dist/agent/main.cjs", ""); fs.writeFileSync("dist/.tsbuildinfo", "");`;

const npm = `#!/bin/sh
echo "npm $* skip=$ONNXRUNTIME_NODE_INSTALL" >> $ROOT/calls.log
[ "$1" = rebuild ] && exit 0
[ -e $ROOT/offline ] && { echo "npm error network"; exit 1; }
for name in gstreamer-superficial onnxruntime-node; do
  mkdir -p $ROOT/node_modules/$name; echo "" > $ROOT/node_modules/$name/index.js
done
cp $ROOT/package-lock.json $ROOT/node_modules/.package-lock.json
`;

test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), "retort-steps-"));
  for (const path of ["tsconfig.json", "package.json", ".npmrc"]) write(path, "{}");
  write("package-lock.json", JSON.stringify({ packages: { "node_modules/x": { integrity: "1" } } }));
  write("agent/a.ts", "one");
  write("node_modules/typescript/bin/tsc", compiler);
  write("bin/npm", npm);
  chmodSync(join(root, "bin/npm"), 0o755);
});
test.after.each(() => rmSync(root, { recursive: true }));

test("the build runs once, and again only when a source has changed", () => {
  assert.is(build().status, 0);
  assert.is(build().said, "");
  assert.is(log(), "tsc\n");
  write("agent/a.ts", "two");
  build();
  assert.is(log(), "tsc\ntsc\n");
});

test("a compiled file that is gone is built again, whatever the compiler believes", () => {
  write("agent/main.cts", "entry");
  for (const path of ["dist/agent/a.js", "dist/agent/main.cjs"]) {
    build();
    rmSync(join(root, path));
    build();
    assert.ok(existsSync(join(root, path)), path);
  }
});

test("compiled files without a source are cleared away", () => {
  write("dist/agent/gone.js", "");
  write("dist/agent/gone.js.map", "");
  write("dist/agent/gone.cjs", "");
  build();
  assert.not.ok(existsSync(join(root, "dist/agent/gone.cjs")));
  assert.not.ok(existsSync(join(root, "dist/agent/gone.js")));
  assert.not.ok(existsSync(join(root, "dist/agent/gone.js.map")));
});

test("a failed build shows the compiler's words, and is tried again", () => {
  write("agent/a.ts", "WRONG");
  const first = build();
  assert.is(first.status, 1);
  assert.match(first.said, "error TS1: wrong");
  assert.is(build().status, 1);
});

test("npm ci runs once, and again when the lock file has changed", () => {
  assert.is(installModules().status, 0);
  assert.is(installModules().said, "");
  assert.match(log(), /^npm ci --include=dev skip=skip\n$/);
  write("package-lock.json", JSON.stringify({ packages: { "node_modules/x": { integrity: "2" } } }));
  installModules();
  assert.is(log().split("\n").length, 3);
});

test("a package.json change that leaves the packages as they are installs nothing", () => {
  installModules();
  write("package.json", '{"scripts":{}}');
  assert.is(installModules().status, 0);
  assert.is(log().split("\n").length, 2);
});

test("a failed npm ci shows npm's words and leaves nothing that passes for success", () => {
  write("offline", "");
  const failed = installModules();
  assert.is(failed.status, 1);
  assert.match(failed.said, "npm error network");
  rmSync(join(root, "offline"));
  assert.is(installModules().status, 0);
  assert.is(log().split("\n").length, 3);
});

const binding = "node_modules/gstreamer-superficial";
const patchFile = "deploy/patches/gstreamer-superficial-1-leaks.patch";
const patch = "--- a/x.cpp\n+++ b/x.cpp\n@@ -1 +1 @@\n-leaks\n+frees\n";

test("the binding is patched and compiled again, once; and again where npm has put it back", () => {
  write(patchFile, patch);
  for (const times of [1, 2]) {
    write(`${binding}/x.cpp`, "leaks\n");
    rmSync(join(root, binding, ".setup-stamp"), { force: true });
    assert.is(mendBinding().status, 0);
    assert.is(mendBinding().status, 0);
    assert.is(readFileSync(join(root, binding, "x.cpp"), "utf8"), "frees\n");
    assert.is(log(), "npm rebuild gstreamer-superficial skip=\n".repeat(times));
  }
});

test("a patch that a new version of Retort brings comes on top of those that are there", () => {
  write(patchFile, patch);
  write(`${binding}/x.cpp`, "leaks\n");
  assert.is(mendBinding().status, 0);
  write(
    "deploy/patches/gstreamer-superficial-2-more.patch",
    "--- a/y.cpp\n+++ b/y.cpp\n@@ -1 +1 @@\n-tells\n+silent\n",
  );
  write(`${binding}/y.cpp`, "tells\n");
  assert.is(mendBinding().status, 0);
  assert.is(readFileSync(join(root, binding, "x.cpp"), "utf8"), "frees\n");
  assert.is(readFileSync(join(root, binding, "y.cpp"), "utf8"), "silent\n");
});

test("a patch that was applied and not compiled is not applied again; one that does not fit is an error", () => {
  write(patchFile, patch);
  write(`${binding}/x.cpp`, "frees\n");
  assert.is(mendBinding().status, 0);
  assert.is(log(), "npm rebuild gstreamer-superficial skip=\n");
  write(`${binding}/x.cpp`, "another version\n");
  rmSync(join(root, binding, ".setup-stamp"));
  const failed = mendBinding();
  assert.is(failed.status, 1);
  assert.match(failed.said, "FAILED: patching the GStreamer binding");
});

test("in a package that npm installed among others the binding lies beside it, and is patched there", () => {
  const beside = mkdtempSync(join(tmpdir(), "retort-beside-"));
  try {
    write(patchFile, patch);
    const inner = join(beside, "node_modules/retort");
    cpSync(root, inner, { recursive: true });
    mkdirSync(join(beside, binding));
    writeFileSync(join(beside, binding, "x.cpp"), "leaks\n");
    const script = `import { mendBinding } from ${JSON.stringify(new URL("binding.mjs", lib).href)}; mendBinding({ root: ${JSON.stringify(inner)} });`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      env: { PATH: `${root}/bin:${process.env.PATH}`, ROOT: root },
      stdio: "pipe",
    });
    assert.is(readFileSync(join(beside, binding, "x.cpp"), "utf8"), "frees\n");
  } finally {
    rmSync(beside, { recursive: true });
  }
});

test("an unpacked package installs what its shrinkwrap says, without what only building takes", () => {
  renameSync(join(root, "package-lock.json"), join(root, "npm-shrinkwrap.json"));
  write("bin/npm", npm.replace("package-lock.json", "npm-shrinkwrap.json"));
  assert.is(installModules().status, 0);
  assert.is(installModules().said, "");
  assert.is(log(), "npm ci --omit=dev skip=skip\n");
});

test("a clone forgets the shrinkwrap that a broken npm pack left behind", () => {
  write("npm-shrinkwrap.json", JSON.stringify({ packages: {} }));
  assert.is(installModules().status, 0);
  assert.not(existsSync(join(root, "npm-shrinkwrap.json")));
  assert.match(log(), /^npm ci --include=dev/);
});

test("the build notes its commit, and whether the sources were changed; where git says nothing there is none", () => {
  const noted = () =>
    existsSync(join(root, "dist/version.json")) ? readFileSync(join(root, "dist/version.json"), "utf8") : null;
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", root, "-c", "user.name=n", "-c", "user.email=e", ...args], { encoding: "utf8" }).trim();
  assert.is(build().status, 0);
  assert.is(noted(), null);
  git("init", "--quiet");
  git("add", "agent/a.ts");
  git("commit", "--quiet", "--message=m");
  const commit = git("rev-parse", "--short=12", "HEAD");
  assert.is(build().status, 0);
  assert.equal(JSON.parse(noted()!), { commit });
  write("agent/a.ts", "changed");
  assert.is(build().status, 0);
  assert.equal(JSON.parse(noted()!), { commit: `${commit}.dirty` });
  rmSync(join(root, ".git"), { recursive: true });
  write(".git", "gitdir: /nowhere\n");
  assert.is(build().status, 0);
  assert.is(noted(), null);
});

test.run();
