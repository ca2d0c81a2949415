import { join } from "node:path";
import * as assert from "uvu/assert";
import { checkConfig } from "../../config/load.js";
import { migrations } from "../../config/migrations.js";
import { packageRoot } from "../../config/package-root.js";
import { type Entry, missingPaths } from "../../config/presence.js";
import { camera, check, demo, load, machine } from "../support/config-machine.js";
import { suite } from "../support/suite.js";

const test = suite("paths of a configuration");
const images = camera("source: {type: images, path: pictures}").replace(
  "path: /m",
  "path: bundle, selfTest: {path: bad}",
);

test("relative paths begin at the file that names them", () => {
  for (const version of ["", "version: 1\n"]) {
    const { cameras, models, state } = load(`${version}${images}`);
    assert.equal(cameras[0]?.source, { type: "images", path: "/etc/pictures", loop: true, watch: "off" });
    assert.equal([models.m?.path, models.m?.selfTest?.path, state.path], ["/etc/bundle", "/etc/bad", "/etc/state"]);
  }
});

test("those of the environment and the command line begin at the working directory", () => {
  const { state, models, cameras } = load(images, {
    env: { RETORT_STATE_PATH: "kept" },
    set: ["models.m.path=plate", "cameras.a.source={type: file, path: line.mp4}", "models.m.selfTest.path=demo"],
  });
  assert.equal([state.path, models.m?.path, models.m?.selfTest?.path], ["/line/kept", "/line/plate", "demo"]);
  assert.equal(cameras[0]?.source, { type: "file", path: "/line/line.mp4", loop: true });
});

test("the shipped bundle is found from any folder", () => {
  const shipped = join(packageRoot(), "models/demo");
  const yaml = demo.replace("path: /m", "path: models/demo");
  assert.is(load(yaml, {}, machine(yaml, [shipped])).models.m?.path, shipped);
  assert.is(load(yaml, {}, machine(yaml, [shipped, "/etc/models/demo"])).models.m?.path, "/etc/models/demo");
});

test("version 1: in a file without a version, a path that led somewhere from the working directory goes on to do so", () => {
  const there = ["/line/pictures", "/line/bundle", "/line/state", "/etc/bundle"];
  const { config, warnings } = check(images, {}, machine(images, there));
  assert.equal(config?.cameras[0]?.source, { type: "images", path: "/line/pictures", loop: true, watch: "off" });
  assert.equal([config?.models.m?.path, config?.state.path], ["/etc/bundle", "/line/state"]);
  assert.equal(
    warnings.map(({ code, path }) => [code, path]),
    [
      ["CONFIG_MIGRATED", "cameras.a.source.path"],
      ["CONFIG_MIGRATED", "state.path"],
    ],
  );
  const versioned = `version: 1\n${images}`;
  const now = check(versioned, {}, machine(versioned, there));
  assert.equal(now.config?.cameras[0]?.source, { type: "images", path: "/etc/pictures", loop: true, watch: "off" });
  assert.equal([now.config?.state.path, now.warnings], ["/etc/state", []]);
});

test("a version that is none, or a newer Retort's, is refused", () => {
  for (const version of ["0", "-1", "1.5", '"1"', "null", String(migrations.length + 1), "{}"]) {
    const { problems } = check(`version: ${version}\n${demo}`);
    assert.equal(
      problems.map(({ code, path }) => [code, path]),
      [["CONFIG_VALUE_INVALID", "version"]],
      version,
    );
  }
});

test("no folder for the state is made in the root of the file system by accident", () => {
  const started = (cwd: string, set: readonly string[] = []) => checkConfig({ env: {}, set }, machine("", [], cwd));
  assert.equal(
    started("/").problems.map(({ code, path }) => [code, path]),
    [["CONFIG_CONFLICT", "state.path"]],
  );
  assert.is(started("/", ["state.path=/state"]).config?.state.path, "/state");
  assert.is(started("/line").config?.state.path, "/line/state");
  assert.is(check(demo, {}, machine(demo, [], "/")).config?.state.path, "/etc/state");
});

/** What is where, for missingPaths. */
function entries(files: readonly string[], folders: readonly string[]): (path: string) => Entry | null {
  return (path) => (files.includes(path) ? "file" : folders.includes(path) ? "folder" : null);
}

test("what is not there is a problem by its path; what may come, or waits, a warning", () => {
  const yaml = `version: 1
mqtt: { url: "mqtt://h", username: u, passwordFile: /etc/secrets/hunter2 }
models: { m: { path: /m } }
cameras:
  - { id: a, model: m, source: { type: images, path: gone } }
  - { id: b, model: m, source: { type: images, path: gone }, enabled: false }
  - { id: c, model: m, source: { type: v4l2 } }
  - { id: d, model: m, source: { type: file, path: /m } }
`;
  const { problems, warnings } = missingPaths(load(yaml), entries([], ["/m", "/etc", "/"]));
  assert.equal(
    problems.map(({ code, path }) => [code, path]),
    [
      ["CONFIG_PATH_MISSING", "mqtt.passwordFile"],
      ["CONFIG_PATH_MISSING", "cameras.a.source.path"],
      ["CONFIG_PATH_WRONG_KIND", "cameras.d.source.path"],
    ],
  );
  assert.equal(
    warnings.map(({ path }) => path),
    ["cameras.b.source.path", "cameras.c.source.device"],
  );
  // Where a password's file is wanted, the password itself is soon written.
  assert.is(problems[0]?.message, "there is no such file below /etc");
});

test.run();
