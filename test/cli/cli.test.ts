import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
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

test("--help of everything ends well, on stdout", async () => {
  const all = await retort(["--help"]);
  assert.is(all.status, 0);
  for (const command of ["run", "check", "doctor", "train", "evaluate", "inspect", "export"]) {
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

test("run: what is wrong is told with code and remedy before anything starts, status 2", async () => {
  const { status, stdout, stderr } = await retort(["run", "--set", "cameras.demo.fps=fast"]);
  assert.equal([status, stdout], [2, ""]);
  assert.match(stderr, "CONFIG_INVALID");
  assert.match(stderr, "cameras.demo.fps");
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

test("run: each part and each alert on the terminal and at the broker, a clean stop within 5 s, seq goes on after a restart", async () => {
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
    await until(() => alerts().length > before && stdout.includes("ALERT raised"), "an alert", 60_000);
    const [first, ...more] = stdout.split("\n").filter((line) => line.includes("  NG "));
    assert.match(first ?? "", /^..:..:.. {2}NG {7}demo {2}part 1 {2}score .* \(threshold 0.010\) {2}/);
    assert.ok(more.length >= 2, "an alert is of several bad parts");
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
  const seqs = heard.of("retort/x/demo/verdict").map(({ seq }) => seq);
  assert.equal(
    seqs,
    seqs.map((_, index) => index + 1),
  );
  const faults = ["status", "demo/state", "demo/score", "demo/verdict", "demo/alert"].flatMap((topic) =>
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
