/** Rules of the architecture that a newcomer could break without noticing: see ARCHITECTURE.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { paths, product, read, root } from "./sources.js";

const LONGEST = 300;

/** Native and network dependencies. */
const EDGES = [
  "onnxruntime-node",
  "gstreamer-superficial",
  "koffi",
  "sharp",
  "mqtt",
  "aedes",
  "classic-level",
  "fastify",
  "@fastify/helmet",
  "@fastify/bearer-auth",
  "@fastify/rate-limit",
  "prom-client",
  "modbus-serial",
] as const;

const everything = [...product, ...read("test"), ...read("deploy")];
const test = suite("layout");

for (const name of EDGES) {
  test(`at most one file imports ${name}`, () => {
    const users = product.filter(({ imports }) => imports.includes(name));
    assert.ok(users.length <= 1, `${name} is imported by ${paths(users).join(", ")}: take it from one of them`);
  });
}

test("the product never imports the tests", () => {
  assert.equal(paths(product.filter(({ imports }) => imports.some((name) => /\/test\//.test(name)))), []);
});

test(`no file is longer than ${LONGEST} lines`, () => {
  const long = everything.filter(({ text }) => text.split("\n").length > LONGEST + 1);
  assert.equal(paths(long), []);
});

test("no compiler or linter rule is silenced wholesale", () => {
  const silenced = everything.filter(({ text }) => /@ts-(ignore|nocheck)|biome-ignore-all/.test(withoutThisRule(text)));
  assert.equal(paths(silenced), []);
});

test("set-up runs on Node's own modules alone: it comes before npm ci", () => {
  const foreign = read("deploy").filter(({ imports }) => imports.some((name) => !/^(node:|\.)/.test(name)));
  assert.equal(paths(foreign), []);
});

test("the lock file holds no download addresses, and every platform's builds", () => {
  const text = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.not.match(text, '"resolved": "http');
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  const absent = named.filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
  // npm leaves them out when it adds a package beside an existing node_modules, and npm ci then refuses the file.
  assert.equal(
    absent,
    [],
    "make it anew: delete it, then npm install --package-lock-only in a copy without node_modules",
  );
});

/** This file has to name what it looks for. */
function withoutThisRule(text: string): string {
  return text.replace(/^.*no compiler or linter[\s\S]*?^\}\);$/m, "");
}

test.run();
