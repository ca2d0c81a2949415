/** deploy/install.sh on a machine of folders and stand-ins: where it is cut off, and what it must leave alone. test/install has the real machines. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("install.sh");
let root = "";
const at = (path: string): string => join(root, path);

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
  chmodSync(at(path), mode);
}

/** By what `systemctl` is told of the version that is started: `ends`, or `cut`, which is the power that goes. */
const SYSTEMCTL = `
case "$1" in
  list-units) [ ! -e "$ROOT/runs" ] || cat "$ROOT/runs" ;;
  is-active) echo active ;;
  show) echo 1 ;;
  restart)
    echo "$2" >> "$ROOT/started"
    case $(readlink "$ROOT/opt/retort/current") in
      *ends*) exit 1 ;;
      *cut*) [ -e "$ROOT/power" ] || { kill -9 $(cat "$ROOT/installer"); sleep 1; } ;;
    esac ;;
esac`;

test.before.each(() => {
  root = temporaryFolder();
  const script = readFileSync(join(packageRoot(), "deploy/install.sh"), "utf8")
    .replace(/^(OPT|ETC|STATE|UNITS|COMMAND|PACKAGED)=\//gm, `$1=${root}/`)
    .replace("/srv/retort /srv/retort/models", `${root}/srv`)
    .replace("[ -d /run/systemd/system ]", "true")
    // Beside the stand-ins, since it looks for commands there first. A service would not see it here.
    .replace("node=/usr/bin/node", `node=${root}/bin/node`)
    .replace('case $(readlink -f "$node") in', 'case "" in')
    .replace("SETTLE=5", `SETTLE=0\necho $$$$ > ${root}/installer`);
  write("install.sh", script);
  const commands = {
    systemctl: SYSTEMCTL,
    id: "echo 0",
    install: 'for folder; do case $folder in /*) mkdir -p "$folder" ;; esac; done',
    setpriv: 'shift 3; exec "$@"',
    ...Object.fromEntries(
      ["getent", "usermod", "chown", "npm", "useradd", "userdel", "groupadd", "sync"].map((name) => [name, ":"]),
    ),
  };
  mkdirSync(at("bin"));
  mkdirSync(at("etc/systemd/system"), { recursive: true });
  symlinkSync(process.execPath, at("bin/node"));
  for (const [name, body] of Object.entries(commands)) write(`bin/${name}`, `#!/bin/sh\n${body}\n`, 0o755);
});

/** A package whose program does nothing, and starts as its version says. */
function pack(version: string): string {
  const file = at(`${version}.tgz`);
  if (existsSync(file)) return file;
  const folder = `package-${version}`;
  const deploy = (name: string): string => readFileSync(join(packageRoot(), "deploy", name), "utf8");
  const manifest = JSON.stringify({ name: "@retort-inspection/retort", version });
  write(`${folder}/package/package.json`, manifest);
  for (const name of ["retort.service", "retort@.service", "retort.sh"])
    write(`${folder}/package/deploy/${name}`, `${deploy(name)}# ${version}\n`);
  for (const name of ["npm-shrinkwrap.json", "dist/agent/main.cjs", "deploy/setup.mjs", "bin/retort.cjs"])
    write(`${folder}/package/${name}`, name.endsWith(".json") ? "{}" : "");
  write(`${folder}/package/config/default.yaml`, "#\nmodels: { demo: { path: ../models/demo } }\n");
  assert.is(spawnSync("tar", ["-czf", file, "-C", at(folder), "package"]).status, 0);
  return file;
}

function run(...args: readonly string[]): { status: number | null; said: string } {
  const env = { PATH: `${at("bin")}:${process.env.PATH}`, ROOT: root };
  const ran = spawnSync("sh", ["-c", 'umask 077; exec sh "$@"', "sh", at("install.sh"), ...args], {
    env,
    encoding: "utf8",
  });
  return { status: ran.status, said: ran.stdout + ran.stderr };
}
const install = (version: string) => run("--from", pack(version));
const link = (name: string): string => readlinkSync(at(`opt/retort/${name}`));
const started = (): string => (existsSync(at("started")) ? readFileSync(at("started"), "utf8") : "");

test("what it lays down can be read by the service and written by root alone, whatever root's umask is", () => {
  const { status, said } = install("1");
  assert.is(status, 0, said);
  for (const path of ["opt/retort", "opt/retort/1/bin", "etc/systemd/system", "usr/local/bin"])
    assert.is(statSync(at(path)).mode & 0o777, 0o755, path);
  assert.is(statSync(at("etc/retort/retort.yaml")).mode & 0o777, 0o640);
});

test("power that goes while a new version shows itself leaves the one of before to go back to", () => {
  install("1");
  install("2");
  assert.is(install("3-cut").status, null);
  assert.equal([link("current"), link("previous")], ["3-cut", "1"]);
  const again = install("4-ends");
  assert.is(again.status, 1);
  assert.match(again.said, "2 runs again");
  assert.equal([link("current"), link("previous")], ["2", "1"]);
  assert.not(existsSync(at("opt/retort/4-ends")));

  assert.is(install("3-cut").status, null);
  assert.is(run("--back").status, 0);
  assert.equal([link("current"), link("previous")], ["2", "3-cut"]);

  assert.is(install("3-cut").status, null);
  write("power", "");
  const whole = install("3-cut");
  assert.is(whole.status, 0, whole.said);
  assert.equal([link("current"), link("previous")], ["3-cut", "2"]);
  assert.not(existsSync(at("opt/retort/1")), "what can no longer be gone back to");
});

test("where /opt is a link to another disk, no version that runs or can be gone back to is removed", () => {
  install("1");
  renameSync(at("opt"), at("disk"));
  symlinkSync(at("disk"), at("opt"));
  assert.is(install("2").status, 0);
  assert.ok(existsSync(at("opt/retort/1/.installed")));
  assert.is(link("previous"), "1");
  write("bin/systemctl", `#!/bin/sh\n${SYSTEMCTL.replace("*ends*", "2")}\n`, 0o755);
  const again = install("2");
  assert.is(again.status, 1);
  assert.match(again.said, "there is no version of before to go back to");
  assert.ok(existsSync(at("opt/retort/2/.installed")));
});

test("what others put beside the versions stays, and a version that was begun goes", () => {
  install("1");
  write("opt/retort/mine/file", "");
  write("opt/retort/half/.begun", "");
  install("2");
  assert.ok(existsSync(at("opt/retort/mine/file")));
  assert.not(existsSync(at("opt/retort/half")));
});

test("a service that somebody has disabled is not started by an upgrade; others of the machine are", () => {
  install("1");
  assert.is(started(), "retort.service\n");
  rmSync(at("etc/systemd/system/multi-user.target.wants/retort.service"));
  rmSync(at("started"));
  write("runs", "retort@line-2.service loaded active running\n");
  const { status, said } = install("2");
  assert.is(status, 0, said);
  assert.is(started(), "retort@line-2.service\n");
});

test("a full disk while units are written leaves those of before", () => {
  install("1");
  const unit = at("etc/systemd/system/retort.service");
  const before = readFileSync(unit, "utf8");
  // Written second, and there is no room for it.
  symlinkSync("/dev/full", at("etc/systemd/system/retort@.service.new"));
  const folder = pack("2");
  assert.is.not(run("--from", folder).status, 0);
  assert.is(readFileSync(unit, "utf8"), before);
  assert.is(link("current"), "1");
});

test("a Node whose path a unit would read otherwise is refused", () => {
  symlinkSync(at("bin"), at("with a space"));
  const { status, said } = run("--from", pack("1"), "--node", at("with a space/node"));
  assert.is(status, 1);
  assert.match(said, "characters that a unit of systemd would read otherwise");
});

test("beside the Debian package nothing is removed, gone back to or installed", () => {
  install("1");
  write("usr/lib/systemd/system/retort.service", "");
  for (const action of ["--uninstall", "--purge", "--back"]) {
    const { status, said } = run(action);
    assert.is(status, 1, action);
    assert.match(said, "the Debian package retort is installed");
  }
  assert.ok(existsSync(at("etc/retort/retort.yaml")));
});

test("a clone is packed as its owner, who can go on building in it", () => {
  const file = pack("1");
  write("clone/bin/retort.cjs", "");
  write("bin/stat", "#!/bin/sh\necho me\n", 0o755);
  write("bin/getent", "#!/bin/sh\necho me:x:1:1::/home/of/me:/bin/sh\n", 0o755);
  write("bin/setpriv", '#!/bin/sh\necho "$1" >> "$ROOT/became"\nshift 3\nexec "$@"\n', 0o755);
  write(
    "bin/npm",
    `#!/bin/sh\necho "$PWD $HOME" > "$ROOT/packing"\ncp ${file} "$3/retort-inspection-retort-1.tgz"\n`,
    0o755,
  );
  const { status, said } = run("--from", at("clone"));
  assert.is(status, 0, said);
  assert.is(readFileSync(at("became"), "utf8"), "--reuid=me\n--reuid=retort\n");
  assert.is(readFileSync(at("packing"), "utf8"), `${at("clone")} /home/of/me\n`);
  assert.is(link("current"), "1");
});

test("two at once: the second is refused, whatever it shall do", () => {
  install("1");
  for (const args of [["--back"], ["--uninstall"], ["--from", pack("2")]]) {
    const holding = spawnSync("flock", [at("opt"), "sh", at("install.sh"), ...args], {
      env: { PATH: `${at("bin")}:${process.env.PATH}`, ROOT: root },
      encoding: "utf8",
    });
    assert.is(holding.status, 1, args[0]);
    assert.match(holding.stderr, "another install.sh is at work");
  }
  assert.is(run("--uninstall").status, 0);
  assert.not(existsSync(at("opt/retort")));
});

test.run();
