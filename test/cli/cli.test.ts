import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, startMosquitto, subscribe } from "../support/mosquitto.js";
import { type Ran, retort } from "../support/retort.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("command line");
const main = join(packageRoot(), "dist/agent/main.cjs");

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

function file(text: string): string {
  const path = join(temporaryFolder(), "retort.yaml");
  writeFileSync(path, text);
  return path;
}

const demo = "models: {m: {path: /m}}\ncameras: [{id: a, model: m, source: {type: demo}}]\n";

test("--help of everything ends well, on stdout", async () => {
  const all = await retort(["--help"]);
  assert.is(all.status, 0);
  for (const command of ["run", "check", "doctor", "train", "evaluate", "export"]) {
    assert.match(all.stdout, `  ${command} `);
    const one = await retort([command, "--help"]);
    assert.is(one.status, 0, command);
    assert.match(one.stdout, "--json");
  }
});

test("wrong usage is status 2, and nothing goes to stdout", async () => {
  for (const args of [["bogus"], ["check", "--bogus"], ["train"], ["export", "--arch"], []]) {
    const { status, stdout } = await retort(args);
    assert.equal([status, stdout], [2, ""], args.join(" "));
  }
});

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

test("run: what is wrong is told with code and remedy before anything starts, status 2", async () => {
  const { status, stdout, stderr } = await retort(["run", "--set", "cameras.demo.fps=fast"]);
  assert.equal([status, stdout], [2, ""]);
  assert.match(stderr, "CONFIG_INVALID");
  assert.match(stderr, "cameras.demo.fps");
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
  const config = file(`models: {m: {path: ${bundle}}}
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

test("a model or data that is not there is status 2", async () => {
  const { status, stderr } = await retort(["evaluate", "--model", "/nowhere", "--data", "/nowhere"]);
  assert.is(status, 2);
  assert.match(stderr, "BUNDLE_UNREADABLE");
});

test("a path that leads nowhere is said to, and an option behind a command is that command's", async () => {
  const args = [
    "train",
    "--normal",
    "/nowhere",
    "--arch",
    "resnet18",
    "--teacher",
    "/nope",
    "--version",
    "7",
    "--json",
  ];
  const { status, stdout, stderr } = await retort([...args, "--out", join(temporaryFolder(), "bundle")]);
  assert.equal([status, stdout], [2, ""]);
  assert.match(stderr, /WEIGHTS_UNREADABLE: .*no such file.*nope/);
});

test("a bundle among Retort's own files gets a word", async () => {
  const args = ["train", "--normal", "/nowhere", "--arch", "resnet18", "--teacher", "/nope", "--out"];
  assert.match((await retort([...args, join(packageRoot(), "models/plate")])).stderr, "among Retort's own files");
  assert.not.match((await retort([...args, join(temporaryFolder(), "plate")])).stderr, "among Retort's own files");
});

test("doctor: the model's provider and why not a better one, the broker, the disk", async () => {
  const bundle = await writeTinyBundle();
  const broker = await startMosquitto();
  const well = ["--set", `models.demo.path=${bundle}`, "--set", `state.path=${temporaryFolder()}`];
  const up = await retort(["doctor", "--json", ...well, "--set", `mqtt.url=${broker.url}`]);
  await broker.stop();
  const codes = (ran: Ran) => (json(ran.stdout) as { checks: { code: string }[] }).checks.map(({ code }) => code);
  assert.ok(codes(up).includes("MODEL_OK"), up.stdout);
  assert.ok(codes(up).includes("BROKER_REACHED"), up.stdout);
  assert.ok(codes(up).includes("DISK_OK"), up.stdout);
  const down = await retort(["doctor", "--json", ...well, "--set", `mqtt.url=mqtt://127.0.0.1:${await freePort()}`]);
  assert.is(down.status, 1);
  assert.is(json(down.stdout).ok, false);
  assert.ok(codes(down).includes("MQTT_UNREACHABLE"), down.stdout);
});

test("run: alerts on the terminal and at the broker, a clean stop within 5 s, seq goes on after a restart", async () => {
  const broker = await startMosquitto();
  const heard = await subscribe(broker.port, "retort/#");
  // A threshold that every picture exceeds.
  const bundle = await writeTinyBundle({ threshold: 0.01 });
  const settings = {
    "models.demo.path": bundle,
    "mqtt.url": broker.url,
    "agent.id": "x",
    "state.path": temporaryFolder(),
  };
  const args = Object.entries(settings).flatMap(([path, value]) => ["--set", `${path}=${value}`]);
  const alerts = () => heard.of("retort/x/demo/alert");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const before = alerts().length;
    const child = spawn(process.execPath, [main, "run", ...args], { stdio: ["ignore", "pipe", "ignore"] });
    const exit = once(child, "exit");
    let stdout = "";
    child.stdout.on("data", (text: Buffer) => {
      stdout += text.toString();
    });
    await until(() => alerts().length > before && stdout.includes("ALERT raised"), "an alert", 15_000);
    const startMs = performance.now();
    child.kill(signal);
    assert.equal(await exit, [0, null]);
    assert.ok(performance.now() - startMs < 5_000);
  }
  await until(() => heard.of("retort/x/status").length === 4, "the second stop");
  await heard.stop();
  await broker.stop();
  assert.equal(
    heard.of("retort/x/status").map(({ state }) => state),
    ["online", "stopped", "online", "stopped"],
  );
  assert.equal(
    alerts().map(({ seq }) => seq),
    alerts().map((_, index) => index + 1),
  );
  const faults = ["status", "demo/state", "demo/score", "demo/alert"].flatMap((topic) =>
    heard.of(`retort/x/${topic}`).flatMap((payload) => schemaFaults(topic.split("/").at(-1)!, payload)),
  );
  assert.equal(faults, []);
});

test("the thread pool has its size before Node first uses it", async () => {
  const preload = join(temporaryFolder(), "count-threads.cjs");
  writeFileSync(
    preload,
    `process.once("beforeExit", async () => {
      const { readdirSync, promises } = require("node:fs");
      await Promise.all(Array.from({ length: 100 }, () => promises.readFile("/proc/self/stat")));
      console.error("THREADS " + readdirSync("/proc/self/task").length);
    });`,
  );
  const { stderr } = await retort(["--help"], { node: ["--require", preload] });
  const threads = Number(/THREADS (\d+)/.exec(stderr)?.[1]);
  assert.ok(threads >= 64, `${threads} threads`);
});

test.run();
