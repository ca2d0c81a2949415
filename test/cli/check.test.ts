import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { openSettings } from "../../agent/commands/settings.js";
import { temporaryFolder } from "../support/config.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("check, and what run refuses");

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

function file(text: string): string {
  const path = join(temporaryFolder(), "retort.yaml");
  writeFileSync(path, text);
  return path;
}

const demo = "models: {m: {path: /m}}\ncameras: [{id: a, model: m, source: {type: demo}}]\n";

test("check: every problem with its path, status 2; with --json the same for programs", async () => {
  const config = file(`${demo}mqtt: { ulr: x, prefix: 3 }\n`);
  const person = await retort(["check", "--config", config, "--set", "http.port=x"]);
  assert.is(person.status, 2);
  for (const path of ["mqtt.ulr", "mqtt.prefix", "http.port"]) assert.match(person.stdout, `${path}: `);
  const program = await retort(["check", "--config", config, "--json"], { env: { RETORT_HTTP_PORT: "x" } });
  const { ok, problems } = json(program.stdout) as { ok: boolean; problems: Record<string, string>[] };
  assert.is(program.status, 2);
  assert.is(ok, false);
  assert.equal(problems.map(({ path }) => path).sort(), ["http.port", "mqtt.prefix", "mqtt.ulr"]);
  for (const problem of problems) assert.equal(Object.keys(problem).sort(), ["code", "message", "path", "remedy"]);
});

test("check: a good configuration is shown as the agent takes it, without its secrets", async () => {
  const bundle = await writeTinyBundle();
  const password = file("hunter2\n");
  const config = file(`models: {m: {path: ${bundle}}}
cameras: [{id: a, model: m, source: {type: gstreamer, launch: "rtspsrc location=rtsp://h user-pw=hunter2"}}]
mqtt: {url: "mqtt://h", username: u, passwordFile: ${password}}\n`);
  for (const more of [[], ["--json"]]) {
    const { status, stdout, stderr } = await retort(["check", "--config", config, ...more]);
    assert.is(status, 0, stderr);
    assert.match(stdout, "rtspsrc");
    assert.not.match(stdout + stderr, "hunter2");
  }
});

test("run refuses what check refuses, status 2, before anything is opened", async () => {
  const bundle = await writeTinyBundle();
  const truncated = await writeTinyBundle();
  truncateSync(join(truncated, "model.onnx"), 100);
  const secret = join(temporaryFolder(), "password");
  writeFileSync(secret, Buffer.from("\ufeffhunter2", "utf16le"));
  const rtsp = `{type: rtsp, url: "rtsp://h/s", username: u, passwordFile: ${secret}}`;
  const yaml = (path: string, source: string) =>
    `models: {m: {path: ${path}}}\ncameras: [{id: cam1, model: m, source: ${source}}]\n`;
  const cases: readonly (readonly [string, string, string])[] = [
    ["CONFIG_PATH_MISSING", "models.m.path", yaml("/nowhere", "{type: demo}")],
    ["BUNDLE_HASH_MISMATCH", "models.m.path", yaml(truncated, "{type: demo}")],
    ["CONFIG_PATH_MISSING", "cameras.cam1.source.path", yaml(bundle, "{type: images, path: pictures}")],
    ["CAMERA_PASSWORD_UNREADABLE", "cameras.cam1.source.passwordFile", yaml(bundle, rtsp)],
    [
      "MQTT_PASSWORD_UNREADABLE",
      "mqtt.passwordFile",
      `${yaml(bundle, "{type: demo}")}mqtt: {url: "mqtt://h", username: u, passwordFile: ${secret}}\n`,
    ],
    ["HTTP_TOKEN_UNREADABLE", "http.tokenFile", `${yaml(bundle, "{type: demo}")}http: {tokenFile: ${secret}}\n`],
    ["CONFIG_VALUE_MISSING", "cameras", 'agent: {id: line-7}\nmqtt: {url: "mqtt://127.0.0.1:1"}\n'],
  ];
  await Promise.all(
    cases.map(async ([code, path, text]) => {
      const config = file(text);
      const check = await retort(["check", "--config", config, "--json"]);
      const { problems } = json(check.stdout) as { problems: { code: string; path: string }[] };
      assert.is(check.status, 2, check.stdout);
      const found = problems.some((each) => each.code === code && each.path === path);
      assert.ok(found, check.stdout);
      const run = await retort(["run", "--config", config]);
      assert.equal([run.status, run.stdout], [2, ""], run.stderr);
      assert.match(run.stderr, `${path}: `);
      assert.match(run.stderr, code);
      assert.not.ok(existsSync(join(dirname(config), "state")));
    }),
  );
});

test("check: what may come later is a warning, and the paths of files with secrets are shown", async () => {
  const bundle = await writeTinyBundle();
  const password = file("hunter2\n");
  const empty = temporaryFolder();
  // Of this version: an older one takes the state of the folder that the tests run in, where npm start has left some.
  const config = file(`version: 1
models: {m: {path: ${bundle}}}
cameras:
  - {id: a.b, model: m, source: {type: images, path: ${empty}}}
  - {id: c, model: m, source: {type: v4l2, device: /dev/nowhere}}
  - {id: d, model: m, enabled: false, source: {type: images, path: /nowhere}}
mqtt: {url: "mqtt://h", username: u, passwordFile: ${password}}\n`);
  const program = await retort(["check", "--config", config, "--json"]);
  const { ok, warnings } = json(program.stdout) as { ok: boolean; warnings: { code: string; path: string }[] };
  assert.equal([program.status, ok], [0, true]);
  assert.equal(warnings.map(({ code, path }) => `${code} ${path}`).sort(), [
    "CONFIG_NAME_DOTTED cameras.a.b.id",
    "CONFIG_PATH_MISSING cameras.c.source.device",
    "CONFIG_PATH_MISSING cameras.d.source.path",
    "IMAGE_FOLDER_EMPTY cameras.a.b.source.path",
  ]);
  const person = await retort(["check", "--config", config]);
  assert.match(person.stdout, `passwordFile: ${password}`);
  assert.match(person.stderr, "4 warnings");
});

test("check says which threshold is in force, and where a command has set it", async () => {
  const bundle = await writeTinyBundle({ threshold: 0.25 });
  const config = file(`models: {m: {path: ${bundle}}}
cameras: [{id: a, model: m, source: {type: demo}, alert: {threshold: 0.5}}, {id: b, model: m, source: {type: demo}}]\n`);
  const state = join(dirname(config), "state");
  const settings = await openSettings(state, () => assert.unreachable());
  const change = { command: "threshold", by: "anna", since: "2026-01-02T03:04:05.678Z", configured: 0.4 } as const;
  await settings.set("thresholds", "a", { value: 0.9, ...change });
  const { status, stdout } = await retort(["check", "--config", config, "--json"]);
  const { inForce, warnings } = json(stdout) as {
    inForce: Record<string, { threshold: number; how: string }>;
    warnings: { code: string; path: string; message: string }[];
  };
  assert.is(status, 0);
  assert.equal([inForce.a?.threshold, inForce.b?.threshold], [0.9, 0.25]);
  assert.is(inForce.b?.how, "the model's");
  assert.match(inForce.a?.how ?? "", "anna");
  assert.equal(
    warnings.map(({ code, path }) => [code, path]),
    [["CONFIG_OVERRIDDEN", "cameras.a.alert.threshold"]],
  );
  // Nothing is put aside or written: the agent may be running.
  writeFileSync(join(state, "settings.json"), "damaged");
  const damaged = await retort(["check", "--config", config]);
  assert.is(damaged.status, 0);
  assert.match(damaged.stderr, "SETTINGS_UNREADABLE");
  assert.match(damaged.stderr, "a: threshold 0.5, set in the configuration");
  assert.equal(readdirSync(state), ["settings.json"]);
});

test.run();
