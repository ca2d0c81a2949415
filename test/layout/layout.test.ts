/** Rules of the architecture that a newcomer could break without noticing: see ARCHITECTURE.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { suite } from "../support/suite.js";

const root = packageRoot();
const LONGEST = 300;

/** Native and network dependencies, and in how many files of each folder they may be imported. */
const EDGES: readonly { readonly name: string; readonly where: string }[] = [
  { name: "onnxruntime-node", where: "agent" },
  { name: "onnxruntime-node", where: "models" },
  { name: "gstreamer-superficial", where: "" },
  { name: "koffi", where: "" },
  { name: "sharp", where: "" },
  { name: "mqtt", where: "" },
  { name: "aedes", where: "" },
  { name: "classic-level", where: "" },
  { name: "fastify", where: "" },
  { name: "@fastify/helmet", where: "" },
  { name: "@fastify/bearer-auth", where: "" },
  { name: "@fastify/rate-limit", where: "" },
  { name: "prom-client", where: "" },
];

interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Module specifiers that exist at run time: `import type` does not couple anything. */
  readonly imports: readonly string[];
}

function read(folder: string): Source[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return read(path);
    return /\.(c?ts|mjs)$/.test(path) ? [readFile(path)] : [];
  });
}

function readFile(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, imports: importsOf(text) };
}

function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm);
  const calls = text.matchAll(/\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g);
  return [...statements, ...calls].map(([, specifier]) => specifier ?? "");
}

const ground = [...["errors.ts", "replace-file.ts"].map(readFile), ...read("error-codes")];
const product = [...ground, ...["agent", "models", "config"].flatMap(read)];
const everything = [...product, ...read("test"), ...read("deploy")];
const test = suite("layout");

test("models/ never imports agent/ or config/, config/ never imports agent/", () => {
  const wrong = product.filter(
    ({ path, imports }) =>
      (path.startsWith("models/") && imports.some((name) => /\/(agent|config)\//.test(name))) ||
      (path.startsWith("config/") && imports.some((name) => /\/agent\/(?!errors\.js|types\.js)/.test(name))),
  );
  assert.equal(paths(wrong), []);
});

for (const { name, where } of EDGES) {
  test(`at most one file${where === "" ? "" : ` of ${where}/`} imports ${name}`, () => {
    const users = product.filter(({ path, imports }) => path.startsWith(where) && imports.includes(name));
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

function paths(sources: readonly Source[]): string[] {
  return sources.map(({ path }) => path);
}

/** This file has to name what it looks for. */
function withoutThisRule(text: string): string {
  return text.replace(/^.*no compiler or linter[\s\S]*?^\}\);$/m, "");
}

test.run();
