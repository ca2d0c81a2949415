// Brings the system packages in with apt-get.

import { groupsFor, missingFrom, namesOf, resolve, SERVICES } from "./packages.mjs";
import { attempt, SetupError, say, step } from "./report.mjs";
import { readStamp, writeStamp } from "./stamp.mjs";

/**
 * Installs what is missing; asks dpkg alone when nothing is.
 * @param {{root: string, forTests: boolean}} options
 * @throws {SetupError} if something cannot be installed, with the command that would do it
 */
export function installSystemPackages({ root, forTests }) {
  if (!attempt("apt-get", ["--version"]).ok || !attempt("dpkg-query", ["--version"]).ok) return checkWithoutApt();
  const missing = missingFrom(groupsFor({ forTests }), installedAmong(namesOf(groupsFor({ forTests }))));
  const stamp = `${root}/.setup-stamp`;
  // What the distribution lacks is not looked for again at every start.
  const absentBefore = new Set(readStamp(stamp)?.absent ?? []);
  const wanted = missing
    .map((group) => ({
      ...group,
      names: group.names.filter((names) => group.optional === undefined || !absentBefore.has(names[0])),
    }))
    .filter((group) => group.names.length > 0);
  if (wanted.length === 0) return;

  const rights = rightsToInstall();
  if (rights === null) return refuse(wanted);
  const update = attempt(...rights("apt-get", ["update"]));
  if (!update.ok) say(`apt-get update failed; going on with the lists that are here:\n${update.output}`);
  const { install, absent } = resolve(wanted, hasCandidate);
  for (const { group, name } of absent) {
    if (group.optional === undefined) {
      throw new SetupError(
        `this system's package sources have no ${name} (${group.why}).\n` +
          "        Check /etc/apt/sources.list and the network, then run this again.",
      );
    }
    say(`no package ${name} here (${group.why}): ${group.optional}`);
  }
  for (const group of wanted) {
    const names = group.names.flat().filter((name) => install.includes(name));
    if (names.length > 0) say(`${group.why}: ${names.join(" ")}`);
  }
  if (install.length > 0) aptInstall(install, rights);
  writeStamp(stamp, { absent: [...absentBefore, ...absent.map(({ name }) => name)] });
}

/** Elsewhere than on Debian and its kin the packages are the user's affair; only whether they are there is checked. */
function checkWithoutApt() {
  const libraries = ["gstreamer-1.0", "gstreamer-app-1.0", "gstreamer-video-1.0"];
  const found = attempt("pkg-config", ["--exists", ...libraries]).ok && attempt("gst-inspect-1.0", ["appsink"]).ok;
  if (found) return;
  throw new SetupError(
    "this system has no apt-get, and GStreamer 1.x with its development files was not found.\n" +
      "        Install GStreamer (development files, base, good, bad, ugly and libav plug-ins), a C++ compiler, make,\n" +
      "        python3 and pkg-config with this system's package manager, then run this again.",
  );
}

/** @returns {Set<string>} those of the names that are installed */
function installedAmong(names) {
  // dpkg-query exits 1 for names it never heard of, and lists the others all the same.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const { output } = attempt("dpkg-query", ["-W", "-f=${Package} ${db:Status-Status}\n", ...names]);
  const lines = output.split("\n").map((line) => line.split(" "));
  return new Set(lines.filter(([, status]) => status === "installed").map(([name]) => name));
}

function hasCandidate(name) {
  return attempt("apt-cache", ["show", "--no-all-versions", name]).ok;
}

/**
 * How a command gets root's rights without asking anybody.
 * @returns {((command: string, args: string[]) => [string, string[]]) | null} null: it cannot
 */
function rightsToInstall() {
  if (process.getuid() === 0) return (command, args) => [command, args];
  if (attempt("sudo", ["-n", "true"]).ok) return (command, args) => ["sudo", ["-n", command, ...args]];
  return null;
}

/** @throws {SetupError} naming the command, unless only optional packages are missing */
function refuse(wanted) {
  const { install } = resolve(wanted, hasCandidate);
  // Before the first apt-get update nothing is known: name the first alternatives then.
  const names = install.length > 0 ? install : wanted.flatMap((group) => group.names.map(([name]) => name));
  const command = `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(" ")}`;
  if (wanted.every((group) => group.optional !== undefined)) {
    for (const group of wanted) say(`not installed, ${group.why}: ${group.optional}`);
    say(`to add them: ${command}`);
    return;
  }
  throw new SetupError(
    `system packages are missing and this user may not install them. Run this, then start again:\n\n  ${command}\n`,
  );
}

const OURS = "of the set-up of Retort";

/**
 * Debian starts a service that it installs, and mosquitto would take port 1883, prometheus 9090: policy-rc.d forbids that meanwhile.
 * The tests start their own on free ports. A service that was here before is left as it is.
 */
function aptInstall(names, rights) {
  const script = `set -e
policy=/usr/sbin/policy-rc.d
# One of ours that lies there is of a set-up that was cut off: no service that is installed would ever start.
if [ ! -e $policy ] || grep -q "${OURS}" $policy; then
  trap 'rm -f $policy' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\n# ${OURS}: remove it where no set-up is at work\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 ${names.join(" ")}
`;
  step(`installing ${names.length} system packages`, ...rights("sh", ["-c", script]));
  for (const service of SERVICES.filter((name) => names.includes(name))) {
    // Fails where there is no systemd, and then there is nothing to disable.
    attempt(...rights("systemctl", ["disable", service]));
    say(`  the ${service} service is left stopped and disabled: the tests start their own`);
  }
}
