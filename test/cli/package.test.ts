/** What npm makes of the package: `npm start`, `npx retort`, the version. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { productVersion } from "../../agent/kit/version.js";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { type Ran, retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("package");
const root = packageRoot();
const { PATH = "" } = process.env;

/** This package in a folder of its own, with nothing for set-up to do. */
function clone(): string {
  const folder = temporaryFolder();
  for (const path of ["package.json", "bin", "deploy/mend.mjs", "deploy/lib"])
    cpSync(join(root, path), join(folder, path), { recursive: true });
  writeFileSync(join(folder, "deploy/setup.mjs"), "");
  return folder;
}

/** A command without the network. @param more of the environment */
function run(
  folder: string,
  [command = "", ...args]: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const env = { PATH, HOME: temporaryFolder(), npm_config_offline: "true", ...more };
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd: folder, env }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
  });
}

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

test("SIGTERM to npm start ends the agent, and its port is free", async () => {
  const folder = clone();
  for (const path of ["dist", "node_modules"]) symlinkSync(join(root, path), join(folder, path));
  const port = await freePort();
  const settings = [
    `http.port=${port}`,
    `state.path=${temporaryFolder()}`,
    `models.demo.path=${await writeTinyBundle()}`,
  ];
  const npm = spawn("npm", ["start", "--", ...settings.flatMap((each) => ["--set", each])], {
    cwd: folder,
    env: { PATH, HOME: temporaryFolder() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(npm, "exit");
  let log = "";
  npm.stderr.on("data", (text: Buffer) => (log += text.toString()));
  await until(() => log.includes(`:${port}/`), "the agent's port", 20_000);
  const [agent] = readFileSync(`/proc/${npm.pid}/task/${npm.pid}/children`, "utf8").trim().split(" ").map(Number);
  assert.ok(agent !== undefined && alive(agent));
  npm.kill("SIGTERM");
  await exit;
  await until(() => !alive(agent), "the agent's end", 6_000);
  assert.not(await listens(port));
});

test("npx retort runs this package's command; before set-up it says what to do", async () => {
  const fresh = clone();
  const before = await run(fresh, ["npx", "retort", "check"]);
  assert.is(before.status, 1);
  assert.match(before.stderr, `node ${join(fresh, "deploy", "setup.mjs")}`);
  mkdirSync(join(fresh, "dist/agent"), { recursive: true });
  writeFileSync(join(fresh, "dist/agent/main.cjs"), "console.log('ours', process.argv[2])");
  const after = await run(fresh, ["npx", "retort", "check"]);
  assert.equal([after.status, after.stdout.trim()], [0, "ours check"]);
});

test("npm link puts the command on the PATH: it, and npx, are ours in any folder", async () => {
  const folder = clone();
  for (const path of ["dist", "node_modules"]) symlinkSync(join(root, path), join(folder, path));
  const prefix = temporaryFolder();
  mkdirSync(join(prefix, "lib/node_modules"), { recursive: true });
  const env = { npm_config_prefix: prefix, PATH: `${join(prefix, "bin")}:${PATH}` };
  const linked = await run(folder, ["npm", "link", "--ignore-scripts"], env);
  assert.is(linked.status, 0, linked.stderr);
  const elsewhere = temporaryFolder();
  for (const command of [
    ["retort", "--version"],
    ["npx", "retort", "--version"],
  ]) {
    const { status, stdout, stderr } = await run(elsewhere, command, env);
    assert.equal([status, stdout.trim()], [0, productVersion()], stderr);
  }
});

test("nobody publishes this package by accident, and no registry has a package of its name", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  assert.is(manifest.private, true);
  assert.match(String(manifest.name), /^@/);
});

test("--version: the package's, and the commit that it was built from", async () => {
  const { status, stdout } = await retort(["--version"]);
  assert.equal([status, stdout.trim()], [0, productVersion()]);
  const behind = await retort(["run", "--version"]);
  assert.equal([behind.status, behind.stdout.trim()], [0, productVersion()], "behind a command, too");
  const folder = temporaryFolder();
  writeFileSync(join(folder, "package.json"), '{"version":"1.2.3"}');
  assert.is(productVersion(folder), "1.2.3");
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/version.json"), '{"commit":"0123456789ab.dirty"}');
  assert.is(productVersion(folder), "1.2.3+0123456789ab.dirty");
});

test("what npm packs runs without a build, and holds nothing that only a clone needs", async () => {
  const packed = await run(root, ["npm", "pack", "--dry-run", "--json", "--ignore-scripts"]);
  assert.is(packed.status, 0, packed.stderr);
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: readonly { path: string }[] }];
  const paths = files.map(({ path }) => path);
  for (const needed of [
    "bin/retort.cjs",
    "dist/agent/main.cjs",
    "dist/agent/http/web/index.html",
    "models/demo/model.onnx",
    "config/default.yaml",
    "deploy/mend.mjs",
    "deploy/install.sh",
    "deploy/retort.service",
    "deploy/patches/gstreamer-superficial-1-leaks.patch",
  ]) {
    assert.ok(paths.includes(needed), needed);
  }
  const declared = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: readonly string[] };
  // Made by prepack from the lock file, and packed only where it is named.
  assert.ok(declared.files.includes("npm-shrinkwrap.json"));
  assert.equal(
    paths.filter((path) => /\.(map|tsx?|tsbuildinfo)$|^dist\/test\/|^test\/|node_modules/.test(path)),
    [],
  );
});

test.run();
