import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("systemd units");
const deploy = (name: string): string => join(packageRoot(), "deploy", name);
const textOf = (name: string): string => readFileSync(deploy(name), "utf8");
const UNITS = ["retort.service", "retort@.service"] as const;

const analysed = UNITS.map((unit) =>
  spawnSync("systemd-analyze", ["security", "--offline=true", "--threshold=17", deploy(unit)], { encoding: "utf8" }),
);
// Before systemd 250 there is no --offline (Ubuntu 22.04 has 249).
const known = analysed.every(
  ({ error, stderr }) => error === undefined && !/unrecognized option|invalid option/.test(stderr),
);
if (!known) console.log("skipped: systemd-analyze of 250 or newer is not here");

(known ? test : test.skip)("exposed no more than they have been", () => {
  for (const { status, stdout, stderr } of analysed) assert.is(status, 0, stdout + stderr);
});

const canVerify = spawnSync("systemd-analyze", ["--version"]).error === undefined;
if (!canVerify) console.log("skipped: systemd-analyze is not here");

(canVerify ? test : test.skip)("systemd has nothing to say against the units", () => {
  const folder = temporaryFolder();
  for (const unit of UNITS) {
    writeFileSync(join(folder, unit), textOf(unit).replace("/usr/bin/node", process.execPath));
  }
  for (const unit of [UNITS[0], "retort@line-2.service"]) {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", join(folder, unit)], {
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
    assert.is(stdout + stderr, "");
  }
});

test("an instance's unit is the unit, with names of its own for what two agents must not share", () => {
  const shared = textOf("retort@.service")
    .replace(/^# .*$/m, "# The agent as a system service. Installing it: deploy/README.md.")
    .replace("agent %i\n", "agent\n")
    .replaceAll("retort-%i", "retort")
    .replace("/%i.env", "/env")
    .replace("/%i.yaml", "/retort.yaml");
  assert.is(shared, textOf("retort.service"));
});

test("what the README says the unit hides is what the unit hides", () => {
  const [, table = ""] = /^## What the unit hides[\s\S]*?((?:^\|.*\n)+)/m.exec(textOf("README.md")) ?? [];
  const directives = table
    .split("\n")
    .slice(2)
    .flatMap((row) => [...(row.split("|")[2] ?? "").matchAll(/`(\w+)(?:=(\w+))?`/g)]);
  assert.ok(directives.length >= 10);
  for (const [, name = "", value = ""] of directives) {
    assert.match(textOf("retort.service"), new RegExp(`^${name}=${value}`, "m"));
  }
});

test.run();
