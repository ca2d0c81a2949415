/**
 * The Dockerfile as it stands, built and run without an engine: `npm run containers -- [--suite NAME] [--folder DIR]`. Needs root's rights,
 * buildah, debootstrap, and the registries of Debian and npm. Its base images cannot be had without a registry of images, and are
 * put together from the packages that they are made of. `--suite bookworm` has it on an older release than its own, whose packages are named
 * as those of the bases for Jetson; `--folder` keeps what was built, for the next time.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { freePort } from "../support/mosquitto.js";
import { until } from "../support/until.js";
import { Buildah } from "./buildah.js";
import { defaults, dockerfilePath } from "./dockerfile.js";
import { type Container, lockedDown, ran } from "./locked-down.js";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const OWN_SUITE = "trixie";
const { values } = parseArgs({
  options: { suite: { type: "string", default: OWN_SUITE }, folder: { type: "string" } },
});
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "retort-containers-"));
const image = `retort:${values.suite}`;
const buildah = new Buildah(folder);

function ofDockerfile(name: string): string {
  const value = defaults.get(name);
  if (value === undefined) throw new Error(`the Dockerfile has no ARG ${name}`);
  return value;
}

function makeDebian(name: string, suite: string): void {
  if (buildah.has(name)) return;
  const root = join(folder, suite);
  execFileSync("debootstrap", ["--variant=minbase", suite, root], { stdio: "inherit" });
  buildah.makeDebian(name, root);
  rmSync(root, { recursive: true });
}

/** @returns the base that the image is to stand on */
function makeBases(): string {
  const [debian, node] = [ofDockerfile("BASE"), ofDockerfile("NODE")];
  makeDebian(debian, OWN_SUITE);
  const version = /^node:([\d.]+)-/.exec(node)?.[1] ?? "";
  if (!buildah.has(node)) buildah.makeNode(node, debian, `node-linux-${process.arch}@${version}`);
  const base = values.suite === OWN_SUITE ? debian : `localhost/debian:${values.suite}`;
  makeDebian(base, values.suite);
  say(`bases, put together: ${base}, ${node}`);
  return base;
}

function build(base: string): void {
  const options = ["--layers", "--pull-never", "--format", "docker", "--isolation", "chroot"];
  const args = [`BASE=${base}`, "REVISION=0123456789ab"].flatMap((each) => ["--build-arg", each]);
  const root = packageRoot();
  buildah.run("bud", ...options, ...args, "-f", join(root, dockerfilePath), "-t", image, root);
  say(`built: ${image}`);
}

/** The agent on the demo line, as the image starts it: its first verdict, the health check, and its end. */
async function watch(container: Container): Promise<void> {
  const { config } = container;
  const begun = performance.now();
  const agent = lockedDown(container, [...config.Entrypoint, "run"]);
  let said = "";
  for (const stream of [agent.stdout, agent.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => agent.once("exit", resolve));
  try {
    await until(() => /part \d+ +score/.test(said) || agent.exitCode !== null, "the first verdict", 60_000);
    assert.match(said, /(?:OK|NG) +demo +part \d+ +score/);
    say(
      `first verdict after ${((performance.now() - begun) / 1000).toFixed(1)} s: ${/^.*part \d+ +score.*$/m.exec(said)?.[0]}`,
    );
    const [, ...check] = config.Healthcheck.Test;
    assert.equal(await ran(container, check), { status: 0, said: "" });
    say("the health check says that it is healthy");
  } catch (error) {
    process.stderr.write(said);
    throw error;
  } finally {
    agent.kill("SIGTERM");
  }
  assert.is(await exit, 0, said);
  say("SIGTERM ends it with 0");
  const [, ...check] = config.Healthcheck.Test;
  assert.is((await ran(container, check)).status, 1);
}

async function examine(): Promise<void> {
  const config = buildah.configOf(image);
  const { folder: root, remove } = buildah.mount(image);
  const state = join(folder, "state");
  mkdirSync(state, { recursive: true });
  const container: Container = { root, state, config, env: [`RETORT_HTTP_PORT=${await freePort()}`] };
  try {
    const who = await ran(container, ["sh", "-c", "id -u; touch /opt/retort/x || touch /etc/x || echo refused"]);
    assert.match(who.said, /^10001\n[\s\S]*refused\n$/);
    say("user 10001, and nothing of the root can be written");
    const version = await ran(container, [...config.Entrypoint, "--version"]);
    assert.match(version.said, /^\d+\.\d+\.\d+\+0123456789ab\n$/);
    assert.is((await ran(container, ["sh", "-c", "command -v npm gcc make"])).said, "", "what only a build needs");
    const without = await ran(container, [...config.Entrypoint, ...config.Cmd]);
    assert.is(without.status, 2, without.said);
    say("without a configuration it ends with 2 and says so");
    await watch(container);
    await watch(container);
    say("started again on the same state");
    say(execFileSync("du", ["-shx", root], { encoding: "utf8" }).split("\t")[0]?.concat(" of files") ?? "");
  } finally {
    remove();
  }
}

build(makeBases());
await examine();
