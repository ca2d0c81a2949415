#!/usr/bin/env node
// Makes Debian packages of this clone: `npm run deb`. Everything native in them was built before: by npm's packages, and the GStreamer
// binding here, for each Node that the package may meet.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { patchBinding } from "../lib/binding.mjs";
import { attempt, SetupError, say, step } from "../lib/report.mjs";
import { compileBinding } from "./compile.mjs";
import { CHOOSER } from "./nodes.mjs";
import { licencesOf, prune } from "./tree.mjs";

const USAGE = `usage: node deploy/deb/build.mjs [--arch amd64|arm64] [--version V] [--out FOLDER]

  --arch     one of the two; else both
  --version  else the version of package.json, with the number and hash of the commit
  --out      where the packages go; else dist/deb
`;
const CLONE = fileURLToPath(new URL("../..", import.meta.url));
const DEBIAN = fileURLToPath(new URL("debian", import.meta.url));
const PLACE = "/usr/lib/retort";
/** glibc of Ubuntu 22.04, the oldest system that the package is for. */
const LIBC = "2.35";

/** @returns {{archs: ("amd64" | "arm64")[], version: string, out: string}} */
function readOptions(args) {
  const options = { archs: ["amd64", "arm64"], version: "", out: join(CLONE, "dist", "deb") };
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1];
    if (value === undefined) throw new SetupError(USAGE);
    if (args[i] === "--arch" && options.archs.includes(value)) options.archs = [value];
    else if (args[i] === "--version" && /^\d[A-Za-z0-9.+~]*$/.test(value)) options.version = value;
    else if (args[i] === "--out") options.out = value;
    else throw new SetupError(USAGE);
  }
  return options;
}

function git(...args) {
  const { ok, output } = attempt("git", ["-C", CLONE, ...args]);
  return ok ? output.trim() : "";
}

/** A later commit's is the later version. */
function versionOf() {
  const { version } = JSON.parse(readFileSync(join(CLONE, "package.json"), "utf8"));
  const count = git("rev-list", "--count", "HEAD");
  return count === "" ? version : `${version}+r${count}.${git("rev-parse", "--short=9", "HEAD")}`;
}

function maintainer() {
  const name = process.env.DEBFULLNAME ?? (git("config", "user.name") || "Unknown builder");
  return `${name} <${process.env.DEBEMAIL ?? (git("config", "user.email") || "root@localhost")}>`;
}

function write(path, text, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** The files of /usr/lib/retort. */
function layProgram(folder, tarball, arch) {
  mkdirSync(folder, { recursive: true });
  step("unpacking the package", "tar", ["-xzf", tarball, "-C", folder, "--strip-components=1", "--no-same-owner"]);
  const cpu = arch === "amd64" ? "x64" : arch;
  const ci = ["ci", "--omit=dev", `--cpu=${cpu}`, "--os=linux", "--libc=glibc", "--ignore-scripts"];
  step(`installing npm packages for ${arch}`, "npm", ci, { cwd: folder });
  const modules = join(folder, "node_modules");
  const binding = join(modules, "gstreamer-superficial");
  patchBinding({ root: folder, folder: binding });
  const compiled = mkdtempSync(join(tmpdir(), "retort-binding-"));
  compileBinding({ source: binding, nan: join(modules, "nan"), arch, out: compiled });
  prune({ modules, arch });
  const licences = licencesOf(modules);
  const release = join(binding, "build", "Release");
  mkdirSync(release, { recursive: true });
  cpSync(compiled, release, { recursive: true });
  rmSync(compiled, { recursive: true });
  writeFileSync(join(release, "gstreamer-superficial.js"), CHOOSER);
  // What set-up and the containers take; here the package itself is set up.
  for (const name of [
    "deploy",
    "docs",
    "examples",
    "npm-shrinkwrap.json",
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
  ]) {
    if (name !== "deploy")
      cpSync(join(folder, name), join(folder, "..", "..", "share", "doc", "retort", name), { recursive: true });
    rmSync(join(folder, name), { recursive: true });
  }
  return licences;
}

function layRest(tree, { arch, version, licences }) {
  const date = new Date().toISOString().slice(0, 10);
  const usr = join(tree, "usr");
  const doc = join(usr, "share", "doc", "retort");
  for (const needless of ["LICENSE", "npm-shrinkwrap.json"]) rmSync(join(doc, needless));
  const deploy = (name) => readFileSync(join(CLONE, "deploy", name), "utf8").replaceAll("/opt/retort/current", PLACE);
  for (const unit of ["retort.service", "retort@.service"]) {
    const text = deploy(unit).replace(`file:${PLACE}/README.md`, "file:/usr/share/doc/retort/README.md");
    write(join(usr, "lib", "systemd", "system", unit), text);
  }
  for (const folder of ["prometheus", "grafana"])
    cpSync(join(CLONE, "deploy", folder), join(doc, "deploy", folder), { recursive: true });
  cpSync(join(CLONE, "deploy", "README.md"), join(doc, "deploy", "README.md"));
  write(join(usr, "lib", "sysusers.d", "retort.conf"), readFileSync(join(DEBIAN, "sysusers.conf")));
  write(join(usr, "bin", "retort"), deploy("retort.sh"), 0o755);
  const man = readFileSync(join(DEBIAN, "retort.1"), "utf8").replace("@VERSION@", version).replace("@DATE@", date);
  write(join(usr, "share", "man", "man1", "retort.1.gz"), gzipSync(man, { level: 9 }));
  const changelog = `retort (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md in this folder.\n\n -- ${maintainer()}  ${new Date().toUTCString().replace("GMT", "+0000")}\n`;
  write(join(doc, "changelog.gz"), gzipSync(changelog, { level: 9 }));
  write(join(doc, "copyright"), copyrightOf(licences));
  const overrides = readFileSync(join(DEBIAN, "lintian-overrides"), "utf8");
  write(join(usr, "share", "lintian", "overrides", "retort"), overrides);
  write(join(tree, "etc", "retort", "retort.yaml"), exampleConfiguration());
  const size = Math.ceil(Number(attempt("du", ["-sk", "--apparent-size", tree]).output.split("\t")[0]));
  const control = readFileSync(join(DEBIAN, "control"), "utf8");
  const values = { VERSION: version, ARCH: arch, MAINTAINER: maintainer(), SIZE: size, LIBC };
  write(
    join(tree, "DEBIAN", "control"),
    Object.entries(values).reduce((text, [key, value]) => text.replace(`@${key}@`, String(value)), control),
  );
  for (const script of ["preinst", "postinst", "prerm", "postrm"])
    write(join(tree, "DEBIAN", script), readFileSync(join(DEBIAN, script)), 0o755);
  write(join(tree, "DEBIAN", "conffiles"), readFileSync(join(DEBIAN, "conffiles")));
  writeFileSync(
    join(tree, "DEBIAN", "md5sums"),
    attempt("sh", ["-c", "find usr -type f -exec md5sum {} +"], { cwd: tree }).output,
  );
}

function exampleConfiguration() {
  const text = readFileSync(join(CLONE, "config", "default.yaml"), "utf8").replace(
    "../models/demo",
    `${PLACE}/models/demo`,
  );
  return `# The demo line, until your own configuration stands here; every setting: ${PLACE}/config/example.yaml
# sudo -u retort retort check --config /etc/retort/retort.yaml tells whether it is right.
${text.slice(text.indexOf("\n") + 1)}`;
}

function copyrightOf(licences) {
  return `Retort is licensed under the Apache License, Version 2.0, which is in /usr/share/common-licenses/Apache-2.0.

Below ${PLACE}/node_modules lie packages of others, from npm's registry, each with its licence:

${licences}`;
}

function buildOne({ arch, version, out, tarball, work }) {
  const tree = join(work, arch);
  const licences = layProgram(join(tree, PLACE), tarball, arch);
  layRest(tree, { arch, version, licences });
  step("settling rights", "chmod", ["-R", "u=rwX,go=rX", join(tree, "usr"), join(tree, "etc")]);
  // What npm's packages mark as executable often is not, and the other way round.
  const scripts = `find usr -type f -exec chmod 644 {} + && find usr -type f -exec sh -c 'for file; do
    [ "$(head -c 2 "$file" | tr -d "\\0")" != "#!" ] || chmod 755 "$file"; done' _ {} +`;
  step("settling the files' rights", "sh", ["-c", scripts], { cwd: tree });
  for (const name of readdirSync(tree)) chmodSync(join(tree, name), 0o755);
  const file = join(out, `retort_${version}_${arch}.deb`);
  step(`packing ${file}`, "dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, file]);
  say(file);
}

const work = mkdtempSync(join(tmpdir(), "retort-deb-"));
try {
  const { archs, version, out } = readOptions(process.argv.slice(2));
  mkdirSync(out, { recursive: true });
  step("packing this clone", "npm", ["pack", "--pack-destination", work], { cwd: CLONE });
  const [packed] = readdirSync(work).filter((name) => name.endsWith(".tgz"));
  const options = { version: version || versionOf(), out, tarball: join(work, packed), work };
  for (const arch of archs) buildOne({ ...options, arch });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
