// The system packages, by what they are for. Debian's and Ubuntu's names; the first name of a list that the
// distribution knows is taken.

/**
 * @typedef {{why: string, optional?: string, names: readonly (readonly string[])[]}} Group
 * `optional` tells what is missing without the group; a group without it must install.
 */

/** @type {readonly Group[]} */
const AGENT = [
  {
    why: "to build the GStreamer binding",
    names: [
      ["build-essential"],
      ["python3"],
      ["pkg-config", "pkgconf"],
      ["libgstreamer1.0-dev"],
      ["libgstreamer-plugins-base1.0-dev"],
    ],
  },
  {
    why: "to read cameras, streams and videos",
    names: [
      ["gstreamer1.0-tools"],
      ["gstreamer1.0-plugins-base"],
      ["gstreamer1.0-plugins-good"],
      ["gstreamer1.0-plugins-bad"],
      ["gstreamer1.0-plugins-ugly"],
      ["gstreamer1.0-libav"],
    ],
  },
  {
    why: "to name the cameras that are plugged in",
    optional: "retort doctor cannot say what each camera offers",
    names: [["gstreamer1.0-plugins-base-apps"]],
  },
  {
    why: "to read GigE Vision and USB3 Vision cameras",
    optional: "sources of type aravis will not work",
    // Renamed where time_t became 64 bits: Debian 13, Ubuntu 24.04.
    names: [["libaravis-0.8-0t64", "libaravis-0.8-0"]],
  },
];

/** @type {readonly Group[]} */
const TESTS = [
  { why: "to test against a real MQTT broker", names: [["mosquitto"], ["mosquitto-clients"]] },
  { why: "to test as a PLC, with libmodbus", names: [["mbpoll"]] },
  { why: "to read Sparkplug's messages as Google's protobuf does", names: [["protobuf-compiler"]] },
  { why: "to render templates as Home Assistant does", names: [["python3-jinja2"]] },
  { why: "to make the certificates of the tests", names: [["openssl"]] },
  { why: "to test against a real RTSP server", names: [["gir1.2-gst-rtsp-server-1.0"], ["python3-gi"]] },
  {
    why: "to test the live view in a real browser",
    optional: "its tests are skipped",
    // Ubuntu's chromium-browser is a snap that cannot be driven: its tests are skipped there.
    names: [["chromium"]],
  },
  {
    why: "to test rules, dashboard and examples with Prometheus and Python's MQTT client",
    optional: "their tests are skipped",
    names: [["prometheus"], ["python3-paho-mqtt"]],
  },
  {
    why: "to test against Aravis's fake camera",
    optional: "its tests are skipped",
    names: [["aravis-tools"], ["aravis-tools-cli"]],
  },
];

/** Packages that would run as a service, which nobody asked for: the tests start their own. */
export const SERVICES = ["mosquitto", "prometheus"];

/** @returns {readonly Group[]} the groups that this run needs */
export function groupsFor({ forTests }) {
  return forTests ? [...AGENT, ...TESTS] : AGENT;
}

/**
 * What has still to be installed.
 * @param {readonly Group[]} groups
 * @param {ReadonlySet<string>} installed
 * @returns {readonly Group[]} the same groups, only with names of which no alternative is installed
 */
export function missingFrom(groups, installed) {
  return groups
    .map((group) => ({ ...group, names: group.names.filter((names) => !names.some((name) => installed.has(name))) }))
    .filter((group) => group.names.length > 0);
}

/**
 * Chooses real package names.
 * @param {readonly Group[]} groups
 * @param {(name: string) => boolean} known whether the distribution has the package
 * @returns {{install: string[], absent: {group: Group, name: string}[]}}
 */
export function resolve(groups, known) {
  const install = [];
  const absent = [];
  for (const group of groups) {
    for (const names of group.names) {
      const name = names.find(known);
      if (name === undefined) absent.push({ group, name: names[0] });
      else install.push(name);
    }
  }
  return { install, absent };
}

/** @returns {string[]} every name that could satisfy the groups */
export function namesOf(groups) {
  return groups.flatMap((group) => group.names.flat());
}
