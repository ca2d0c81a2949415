import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";

interface Group {
  readonly why: string;
  readonly optional?: string;
  readonly names: readonly (readonly string[])[];
}

/** deploy/lib is plain JavaScript: it runs before the compiler is there. */
interface Packages {
  groupsFor(options: { forTests: boolean }): readonly Group[];
  missingFrom(groups: readonly Group[], installed: ReadonlySet<string>): readonly Group[];
  namesOf(groups: readonly Group[]): string[];
  resolve(
    groups: readonly Group[],
    known: (name: string) => boolean,
  ): { install: string[]; absent: { group: Group; name: string }[] };
}

interface NodeChecks {
  checkNode(version: string): void;
  headersBeside(execPath: string, exists: (path: string) => boolean): Record<string, string>;
}

const lib = new URL("../../../deploy/lib/", import.meta.url);
const packages = (await import(new URL("packages.mjs", lib).href)) as Packages;
const node = (await import(new URL("node.mjs", lib).href)) as NodeChecks;

const groups: readonly Group[] = [
  { why: "must", names: [["a"], ["old-b", "new-b"]] },
  { why: "may", optional: "c will not work", names: [["c"]] },
];
const test = suite("set-up packages");

test("nothing is missing when one alternative of each is installed", () => {
  assert.equal(packages.missingFrom(groups, new Set(["a", "new-b", "c"])), []);
});

test("only what is missing is asked for, with its reason", () => {
  assert.equal(packages.missingFrom(groups, new Set(["a", "c"])), [{ why: "must", names: [["old-b", "new-b"]] }]);
});

test("the first alternative that the distribution knows is chosen", () => {
  assert.equal(packages.resolve(groups, (name) => name !== "old-b").install, ["a", "new-b", "c"]);
});

test("what the distribution lacks is named with its group", () => {
  const { install, absent } = packages.resolve(groups, (name) => name !== "c");
  assert.equal(install, ["a", "old-b"]);
  assert.equal(absent, [{ group: groups[1], name: "c" }]);
});

test("a broker, a PLC's client, protobuf's own compiler, Jinja, a fake camera and an RTSP server are for the tests only", () => {
  const agent = packages.namesOf(packages.groupsFor({ forTests: false }));
  const tests = packages.namesOf(packages.groupsFor({ forTests: true }));
  for (const name of [
    "mosquitto",
    "mosquitto-clients",
    "mbpoll",
    "protobuf-compiler",
    "python3-jinja2",
    "aravis-tools",
    "gir1.2-gst-rtsp-server-1.0",
  ]) {
    assert.ok(tests.includes(name) && !agent.includes(name), name);
  }
  assert.ok(agent.includes("libgstreamer-plugins-base1.0-dev"));
});

test("only Aravis, the tool that names cameras, the browser, Prometheus and Python's client are optional: everything else must install", () => {
  const optional = packages.groupsFor({ forTests: true }).filter((group) => group.optional !== undefined);
  assert.ok(packages.namesOf(optional).every((name) => /aravis|plugins-base-apps|chromium|prometheus|paho/.test(name)));
});

test("Node 20 is the oldest that will do", () => {
  assert.throws(() => node.checkNode("18.20.4"), /too old/);
  node.checkNode("20.0.0");
  node.checkNode("24.1.0");
});

test("headers that lie beside Node spare their download", () => {
  const exists = (path: string): boolean => path === "/opt/node/include/node/node_api.h";
  assert.equal(node.headersBeside("/opt/node/bin/node", exists), { npm_config_nodedir: "/opt/node" });
  assert.equal(node.headersBeside("/usr/bin/node", exists), {});
});

test.run();
