/** Set-up's dealings with apt, against stand-ins for apt-get, dpkg-query and sudo that write down how they were called. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";

const system = new URL("../../../deploy/lib/system.mjs", import.meta.url).href;
const report = new URL("../../../deploy/lib/report.mjs", import.meta.url).href;

interface Machine {
  /** Packages that dpkg-query reports as installed; "*" stands for all. */
  readonly installed: string;
  readonly sudo: "asks" | "works" | "fails to install";
  /** A package that apt-cache does not know. */
  readonly unknown?: string;
}

interface Ran {
  readonly status: number | null;
  readonly said: string;
  /** The commands that ran with root's rights. */
  readonly asRoot: string;
}

const test = suite("set-up system packages");
let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "retort-setup-"));
  chmodSync(folder, 0o777);
});
test.after.each(() => rmSync(folder, { recursive: true }));

function installOn(machine: Machine, forTests = false): Ran {
  const bin = join(folder, "bin");
  const log = join(folder, "as-root.log");
  mkdirSync(bin, { recursive: true });
  chmodSync(bin, 0o755);
  const command = (name: string, body: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  command("apt-get", "exit 0");
  command("apt-cache", `for name; do :; done; [ "$name" != "${machine.unknown ?? ""}" ]`);
  command(
    "dpkg-query",
    machine.installed === "*"
      ? 'for name; do echo "$name installed"; done'
      : machine.installed
          .split(" ")
          .map((name) => `echo "${name} installed"`)
          .join("\n"),
  );
  const works = `case "$*" in *"-n true"*) exit 0;; esac; echo "$*" >> ${log}`;
  const sudo = {
    asks: "echo 'sudo: a password is required' >&2; exit 1",
    works,
    "fails to install": `${works}; case "$*" in *"apt-get install"*) echo "E: disk full"; exit 100;; esac`,
  };
  command("sudo", sudo[machine.sudo]);
  const script = `
    import { installSystemPackages } from ${JSON.stringify(system)};
    import { SetupError, say } from ${JSON.stringify(report)};
    process.getuid = () => 1000;
    try { installSystemPackages({ root: ${JSON.stringify(folder)}, forTests: ${forTests} }); }
    catch (error) { if (!(error instanceof SetupError)) throw error; say(error.message); process.exitCode = 1; }`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { PATH: `${bin}:${process.env.PATH}` },
    encoding: "utf8",
  });
  return {
    status: ran.status,
    said: ran.stdout + ran.stderr,
    asRoot: existsSync(log) ? readFileSync(log, "utf8") : "",
  };
}

test("nothing missing: nothing is run and nothing said", () => {
  const ran = installOn({ installed: "*", sudo: "works" }, true);
  assert.equal(ran, { status: 0, said: "", asRoot: "" });
});

test("without the rights: the exact command is printed, and the status is 1", () => {
  const ran = installOn({ installed: "build-essential", sudo: "asks" });
  assert.is(ran.status, 1);
  assert.match(
    ran.said,
    /^ {2}sudo apt-get update && sudo apt-get install -y --no-install-recommends python3 pkg-config libgstreamer1\.0-dev /m,
  );
  assert.not.match(ran.said, "build-essential");
  assert.not.match(ran.said, "mosquitto");
});

test("with the rights: the lists are fetched, then what is missing is installed and named with its reason", () => {
  const ran = installOn({ installed: "build-essential python3 pkg-config", sudo: "works" }, true);
  assert.is(ran.status, 0, ran.said);
  assert.match(ran.asRoot, /^-n apt-get update\n/);
  assert.match(ran.asRoot, /apt-get install -y .* libgstreamer1\.0-dev .* mosquitto /);
  assert.match(ran.said, /to read cameras, streams and videos: gstreamer1\.0-tools/);
});

test("a broker and a Prometheus that set-up installs are neither started nor enabled; one that was here is left alone", () => {
  const ran = installOn({ installed: "", sudo: "works" }, true);
  for (const service of ["mosquitto", "prometheus"]) {
    const steps = `policy-rc\\.d[\\s\\S]*exit 101[\\s\\S]*apt-get install[\\s\\S]*systemctl disable ${service}\n`;
    assert.match(ran.asRoot, new RegExp(steps));
  }
  rmSync(join(folder, "as-root.log"));
  assert.not.match(installOn({ installed: "prometheus", sudo: "works" }, true).asRoot, "disable prometheus");
});

test("what keeps services from starting meanwhile is gone afterwards, also where set-up was cut off; another's stays", () => {
  const { asRoot } = installOn({ installed: "", sudo: "works" });
  const policy = join(folder, "policy-rc.d");
  const [, script = ""] = /^-n sh -c (set -e\n[\s\S]*?apt-get install .*\n)/m.exec(asRoot) ?? [];
  assert.match(script, "policy=/usr/sbin/policy-rc.d");
  const install = (aptGet: string) => {
    writeFileSync(join(folder, "bin", "apt-get"), `#!/bin/sh\n${aptGet}\n`);
    const env = { PATH: `${join(folder, "bin")}:${process.env.PATH}` };
    return spawnSync("sh", ["-c", script.replace("/usr/sbin/policy-rc.d", policy)], { env }).status;
  };
  assert.is(install(`grep "exit 101" ${policy}`), 0);
  assert.not(existsSync(policy));
  assert.is(install("kill -INT $PPID"), 130);
  assert.not(existsSync(policy), "interrupted");
  assert.is(install("kill -KILL $PPID"), null);
  assert.ok(existsSync(policy));
  assert.is(install("true"), 0);
  assert.not(existsSync(policy), "left by a set-up that was killed");
  writeFileSync(policy, "#!/bin/sh\nexit 101\n");
  assert.is(install("true"), 0);
  assert.ok(existsSync(policy), "somebody else's");
});

test("a failed installation shows what apt said, and the status is 1", () => {
  const ran = installOn({ installed: "", sudo: "fails to install" });
  assert.is(ran.status, 1);
  assert.match(ran.said, "E: disk full");
});

test("a package that must be there and is not on offer is an error that names it", () => {
  const ran = installOn({ installed: "", sudo: "works", unknown: "libgstreamer1.0-dev" });
  assert.is(ran.status, 1);
  assert.match(ran.said, /no libgstreamer1\.0-dev \(to build the GStreamer binding\)/);
  assert.not.match(ran.asRoot, "apt-get install");
});

test("an optional package that is not on offer is told once and not looked for again", () => {
  const machine: Machine = { installed: "", sudo: "works", unknown: "aravis-tools-cli" };
  const first = installOn(machine, true);
  assert.is(first.status, 0, first.said);
  assert.match(first.said, "no package aravis-tools-cli here");
  const allElse = first.asRoot.match(/install -y .*Timeout=300 (.*)/)?.[1] ?? "";
  rmSync(join(folder, "as-root.log"));
  const second = installOn({ ...machine, installed: allElse }, true);
  assert.equal(second, { status: 0, said: "", asRoot: "" });
});

test.run();
