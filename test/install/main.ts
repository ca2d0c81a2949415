/**
 * `npm run test:install [-- script image package arm64]`: what the installer and the Debian package promise, each on a machine of its own: a
 * Debian root that is booted in a container with systemd as its first process. It takes root's rights, debootstrap, systemd-container
 * and the network; a quarter of an hour. And whether the lock file installs for arm64.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { faultsOf, faultsOfModules } from "./contents.js";
import { checkTools, must, runInMachine } from "./machine.js";

const HERE = join(packageRoot(), "test", "install");
const ARCHS = ["amd64", "arm64"] as const;
const MAIN = "dist/agent/main.cjs";

/** Packages of the same program that differ in one thing each. */
function packages(folder: string): readonly string[] {
  must("npm", ["pack", "--pack-destination", folder], packageRoot());
  const tree = join(folder, "tree");
  mkdirSync(tree);
  must("sh", ["-c", `tar -xzf ${folder}/*.tgz -C ${tree}`]);
  const made: string[] = [];
  const main = readFileSync(join(tree, "package", MAIN), "utf8").replace(/^#!.*/, "");
  const pack = (name: string, version: string, before: string): void => {
    const manifest = join(tree, "package", "package.json");
    const declared = JSON.parse(readFileSync(manifest, "utf8")) as object;
    writeFileSync(manifest, JSON.stringify({ ...declared, version, keywords: [name] }, null, 2));
    writeFileSync(join(tree, "package", MAIN), before + main);
    must("tar", ["-czf", join(folder, `${name}.tgz`), "-C", tree, "package"]);
    made.push(join(folder, `${name}.tgz`));
  };
  pack("a", "0.9.0", "");
  pack("b", "0.9.1", "");
  pack("ends", "0.9.2", 'if (process.argv[2] === "run") process.exit(1);\n');
  pack("hangs", "0.9.3", 'if (process.argv[2] === "run") for (;;);\n');
  pack("strict", "0.9.4", 'if (process.argv[2] === "check") { console.log("no"); process.exit(2); }\n');
  return made;
}

async function script(): Promise<boolean> {
  checkTools();
  const folder = temporaryFolder();
  const installer = join(folder, "install.sh");
  cpSync(join(packageRoot(), "deploy", "install.sh"), installer);
  return (await runInMachine(join(HERE, "script.sh"), [installer, ...packages(folder)])) === 0;
}

/** A file system that no systemd runs in, such as an image of a disk, gets the service from outside; then it is booted for the first time. */
async function image(): Promise<boolean> {
  checkTools();
  const folder = temporaryFolder();
  const [a = "", b = "", , , strict = ""] = packages(folder);
  const installer = join(packageRoot(), "deploy", "install.sh");
  return (
    (await runInMachine(join(HERE, "image.sh"), [], (root) => {
      const inside = (script: string): string => must("chroot", [root, "sh", "-euc", script]);
      // A folder that is not in that root.
      const outside = `TMPDIR=${folder}`;
      const install = (...args: readonly string[]): string =>
        must("env", [outside, "sh", installer, "--root", root, ...args]);
      inside(`export DEBIAN_FRONTEND=noninteractive
        apt-get update && apt-get install -y --no-install-recommends nodejs npm
        mv /usr/bin/systemctl /usr/bin/systemctl.away`);
      install("--from", a);
      console.log("ok    a file system without systemd gets program, user and service");
      inside("mv /usr/bin/systemctl.away /usr/bin/systemctl");
      install("--from", b);
      inside('retort --version | grep "^0.9.1"');
      install("--back");
      const refused = spawnSync("sh", [installer, "--root", root, "--from", strict]);
      if (refused.status !== 1)
        throw new Error(`a version that refuses the configuration ended with ${refused.status}`);
      inside('retort --version | grep "^0.9.0"');
      console.log("ok    so do an upgrade, and going back");
    })) === 0
  );
}

/** Both architectures are built and looked through; that of this machine is installed. */
async function debianPackage(): Promise<boolean> {
  checkTools();
  const folder = temporaryFolder();
  const build = ["deploy/deb/build.mjs", "--version", "0.9.0", "--out", folder];
  if (spawnSync(process.execPath, build, { cwd: packageRoot(), stdio: "inherit" }).status !== 0) return false;
  const faults = ARCHS.flatMap((arch) => {
    const tree = join(folder, arch);
    must("dpkg-deb", ["-R", join(folder, `retort_0.9.0_${arch}.deb`), tree]);
    return [...faultsOf(join(tree, "usr", "lib", "retort"), arch), ...lint(join(folder, `retort_0.9.0_${arch}.deb`))];
  });
  for (const fault of faults) console.log(`FAIL  ${fault}`);
  if (faults.length === 0)
    console.log("ok    everything native is there, for its processor, and for Ubuntu 22.04's libraries");
  const arch = process.arch === "arm64" ? "arm64" : "amd64";
  const control = join(folder, arch, "DEBIAN", "control");
  writeFileSync(control, readFileSync(control, "utf8").replace("Version: 0.9.0", "Version: 0.9.1"));
  const next = join(folder, "retort_next.deb");
  must("dpkg-deb", ["--root-owner-group", "-Zgzip", "-z1", "--build", join(folder, arch), next]);
  cpSync(join(folder, `retort_0.9.0_${arch}.deb`), join(folder, "retort_first.deb"));
  const files = [join(folder, "retort_first.deb"), next];
  return (await runInMachine(join(HERE, "package.sh"), files)) === 0 && faults.length === 0;
}

function lint(file: string): readonly string[] {
  const { error, status, stdout, stderr } = spawnSync("lintian", ["--allow-root", "--fail-on", "error,warning", file], {
    encoding: "utf8",
  });
  if (error !== undefined) {
    console.log("skipped: lintian is not here");
    return [];
  }
  return status === 0 ? [] : (stdout + stderr).trim().split("\n");
}

/** The lock file installs for 64-bit ARM, whatever this machine is. */
async function arm64(): Promise<boolean> {
  const folder = temporaryFolder();
  for (const name of ["package.json", "package-lock.json", ".npmrc"])
    cpSync(join(packageRoot(), name), join(folder, name));
  must("npm", ["ci", "--omit=dev", "--cpu=arm64", "--os=linux", "--libc=glibc", "--ignore-scripts"], folder);
  const faults = faultsOfModules(join(folder, "node_modules"), "arm64");
  for (const fault of faults) console.log(`FAIL  ${fault}`);
  if (faults.length === 0) console.log("ok    the lock file brings everything native for arm64");
  return faults.length === 0;
}

const PARTS = { script, image, package: debianPackage, arm64 } as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; the parts are ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}
const kept: boolean[] = [];
for (const [name, part] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`== ${name}`);
  kept.push(await part());
}
const failed = kept.filter((each) => !each).length;
console.log(`${kept.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
