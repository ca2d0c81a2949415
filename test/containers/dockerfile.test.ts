/** deploy/container, by hadolint's rules as far as they concern it, and by what docs/containers.md promises of the image. */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Instruction } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";

import { suite } from "../support/suite.js";
import { bases, dockerfile, dockerfileText, type Stage, stages } from "./dockerfile.js";

const test = suite("container image");
const at = (path: string): string => join(packageRoot(), path);
const PINNED = /^[\w./-]+:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$/;

interface Group {
  readonly why: string;
  readonly names: readonly (readonly string[])[];
}
interface Packages {
  groupsFor(options: { forTests: boolean }): readonly Group[];
}
interface Bake {
  readonly target: Readonly<Record<string, { readonly args?: Readonly<Record<string, string>> }>>;
}

const runs = dockerfile.getInstructions().filter((each) => each.getKeyword() === "RUN");

function stage(name: string): Stage {
  const found = stages.find((each) => each.name === name);
  assert.ok(found, `there is no stage ${name}`);
  return found;
}

/** The arguments of a stage's one instruction of a kind. */
function only(name: string, keyword: string): string {
  const found = stage(name).instructions.filter((each) => each.getKeyword() === keyword);
  assert.is(found.length, 1, `${name} has ${found.length} ${keyword}`);
  return found[0]?.getArgumentsContent() ?? "";
}

function commandsOf(run: Instruction): string[] {
  const lines = (run.getArgumentsContent() ?? "").replaceAll(/\\\n/g, " ");
  return lines.split(";").map((command) => command.trim().replaceAll(/\s+/g, " "));
}

function installedIn(name: string): string[] {
  return stage(name)
    .instructions.filter((each) => each.getKeyword() === "RUN")
    .flatMap(commandsOf)
    .filter((command) => command.includes("apt-get install"))
    .flatMap((command) => command.split(" "))
    .filter((word) => /^(lib|gst|build|pkg|pyt|patch|ca-|')/.test(word));
}

test("it can be parsed, and holds nothing that a linter warns of", () => {
  assert.equal(
    validate(dockerfileText).map(({ range, message }) => `${range.start.line + 1}: ${message}`),
    [],
  );
  const keywords = dockerfile.getInstructions().map((each) => each.getKeyword());
  for (const unwanted of ["ADD", "MAINTAINER", "ONBUILD"]) assert.not(keywords.includes(unwanted), unwanted);
  for (const run of runs)
    assert.not.match(run.getArgumentsContent() ?? "", /\bsudo\b|\bcurl\b|\bwget\b|\bapt (?!-)|\|/);
});

const shellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
if (!shellcheck) console.log("skipped: shellcheck is not here");
(shellcheck ? test : test.skip)("shellcheck has nothing to say of what it runs", () => {
  const scripts = runs.map((run) => `#!/bin/sh -eux\n${run.getArgumentsContent() ?? ""}\n`);
  for (const input of scripts) {
    const { status, stdout } = spawnSync("shellcheck", ["-"], { input, encoding: "utf8" });
    assert.is(status, 0, stdout);
  }
});

test("each base is pinned by a tag that names a version, for each kind of machine", () => {
  const { target } = JSON.parse(readFileSync(at("deploy/container/bake.json"), "utf8")) as Bake;
  const names = stages.map(({ name }) => name);
  for (const image of bases.filter((base) => !names.includes(base))) assert.match(image, PINNED);
  assert.equal(Object.keys(target), ["cpu", "cuda", "l4t"]);
  const known = dockerfile.getARGs().map((arg) => arg.getProperty()?.getName());
  for (const [name, value] of Object.values(target).flatMap(({ args = {} }) => Object.entries(args))) {
    assert.ok(known.includes(name), `the Dockerfile has no ARG ${name}`);
    if (name === "BASE") assert.match(value, PINNED);
  }
});

test("packages of the system come without suggestions, and leave no lists behind", () => {
  const installing = runs
    .map(commandsOf)
    .filter((commands) => commands.some((each) => each.includes("apt-get install")));
  assert.is(installing.length, 2);
  for (const commands of installing) {
    assert.is(commands[0], "apt-get update");
    assert.match(commands[1] ?? "", "apt-get install -y --no-install-recommends");
    assert.is(commands.at(-1), "rm -rf /var/lib/apt/lists/*");
  }
  // A command of a line that fails fails the build.
  assert.equal(only("system", "SHELL"), '["/bin/sh", "-eux", "-c"]');
});

test("it has the packages that set-up would install: those to run in the image, those to build beside it", async () => {
  const { groupsFor } = (await import(new URL("../../../deploy/lib/packages.mjs", import.meta.url).href)) as Packages;
  const [building, ...running] = groupsFor({ forTests: false });
  assert.match(building?.why ?? "", "build");
  const has = (installed: readonly string[], names: readonly string[]) =>
    names.some((name) => installed.some((word) => word === name || new RegExp(word.replaceAll("'", "")).test(name)));
  for (const names of running.flatMap((group) => group.names)) assert.ok(has(installedIn("system"), names), names[0]);
  for (const names of building?.names ?? []) assert.ok(has(installedIn("build"), names), names[0]);
});

test("it runs as a user of its own by number, and nothing after that is done as root", () => {
  const [user, ...more] = stage("agent").instructions.filter((each) => each.getKeyword() === "USER");
  assert.equal([user?.getArgumentsContent(), more.length], ["10001:10001", 0]);
  const behind = stage("agent").instructions.filter(
    (each) => each.getRange().start.line > (user?.getRange().start.line ?? 0),
  );
  assert.equal(
    behind.map((each) => each.getKeyword()),
    ["VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"],
  );
  assert.is(stages.at(-1)?.name, "agent");
  assert.is(only("agent", "VOLUME"), "/var/lib/retort");
  assert.match(only("agent", "ENTRYPOINT"), /^\["node", "\/opt\/retort\/bin\/retort\.cjs"\]$/);
  assert.match(only("agent", "HEALTHCHECK"), '"/opt/retort/deploy/container/healthy.mjs"');
});

test("no secret has a way into it: neither by an argument nor by a file beside the sources", () => {
  for (const each of dockerfile.getInstructions().filter((one) => ["ARG", "ENV"].includes(one.getKeyword()))) {
    assert.not.match(each.getArgumentsContent() ?? "", /password|secret|token|_key/i);
  }
  const [first, ...rest] = readFileSync(at(".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => /^[^#]/.test(line));
  assert.is(first, "*");
  const letIn = rest.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  for (const kept of [".git", "state", "bundles", "test", "node_modules", "dist"])
    assert.not(letIn.includes(kept), kept);
  assert.ok(rest.includes("deploy/compose/secrets"));
});

/** The health check, of an agent on a port. */
function ask(port: number, path?: string, tokenFile?: string): Promise<{ status: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const env = { RETORT_HTTP_PORT: String(port), ...(tokenFile && { RETORT_HTTP_VIEWTOKENFILE: tokenFile }) };
    const args = [at("deploy/container/healthy.mjs"), ...(path === undefined ? [] : [path])];
    const child = execFile(process.execPath, args, { env }, (_, __, stderr) =>
      resolve({ status: child.exitCode, stderr }),
    );
  });
}

test("the health check tells an agent that does its work from one that does not, and from none", async () => {
  let healthy = true;
  const server = createServer(({ url, headers: { authorization } }, response) => {
    const may = url === "/healthz" || authorization === "Bearer may-look";
    response.statusCode = may ? (healthy ? 200 : 503) : 401;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const tokenFile = join(temporaryFolder(), "token");
  writeFileSync(tokenFile, "may-look\n");
  assert.is((await ask(port)).status, 0);
  assert.is((await ask(port, "/readyz")).status, 1, "without a token");
  assert.is((await ask(port, "/readyz", tokenFile)).status, 0);
  healthy = false;
  const sick = await ask(port);
  assert.is(sick.status, 1);
  assert.match(sick.stderr, "/healthz answers 503");
  await new Promise((resolve) => server.close(resolve));
  const nobody = await ask(await freePort());
  assert.is(nobody.status, 1);
  assert.match(nobody.stderr, "ECONNREFUSED");
});

test.run();
