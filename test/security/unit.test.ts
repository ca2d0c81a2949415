import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { suite } from "../support/suite.js";

const test = suite("systemd unit");
const unit = join(packageRoot(), "deploy/retort.service");
const asked = spawnSync("systemd-analyze", ["security", "--offline=true", "--threshold=18", unit], {
  encoding: "utf8",
});
// Before systemd 250 there is no --offline (Ubuntu 22.04 has 249).
const known = asked.error === undefined && !/unrecognized option|invalid option/.test(asked.stderr);
if (!known) console.log("skipped: systemd-analyze of 250 or newer is not here");

(known ? test : test.skip)("exposed no more than it has been", () => {
  assert.is(asked.status, 0, asked.stdout + asked.stderr);
});

test.run();
