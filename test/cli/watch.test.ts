/** `retort watch` at a real broker, as a process of its own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { packageRoot } from "../../config/package-root.js";
import { alertStep } from "../support/alert-step.js";
import { createAuthority } from "../support/certificates.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("watch");
const main = join(packageRoot(), "dist/agent/main.cjs");
const since = "2026-03-01T08:00:00.000Z";
const status = (state: string) => ({ v: 1, ts: since, state, version: "0.1.0", since });

interface Watching {
  readonly out: () => string;
  readonly err: () => string;
  /** SIGINT; the exit status. */
  stop(): Promise<number | null>;
}

function watch(args: readonly string[]): Watching {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [main, "watch", ...args], {
    env: { PATH, HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  left.add(child);
  const stop = () => {
    child.kill("SIGINT");
    return closed.finally(() => left.delete(child));
  };
  return { out: () => out, err: () => err, stop };
}

/** Publishes as an agent does, each message acknowledged. */
async function publish(
  port: number,
  ...messages: readonly (readonly [topic: string, payload: object, retain?: boolean])[]
) {
  const nobody = { username: null, password: null, will: null, retain: true };
  const client = await openClient({
    ...{ url: `mqtt://127.0.0.1:${port}`, version: 5, clientId: "agents", keepaliveS: 15, connectTimeoutMs: 5_000 },
    ...{ ...nobody, onReceived: () => undefined, onLost: () => undefined },
  });
  for (const [topic, payload, retain = false] of messages)
    await client.send({ topic, payload: JSON.stringify(payload), qos: 1, retain });
  await client.close();
}

// A test that fails leaves nothing behind.
const left = new Set<ChildProcess>();
test.after(() => {
  for (const child of left) child.kill("SIGKILL");
});

const linesIn = (text: string) => text.split("\n").filter((line) => line !== "");
const jsonIn = (text: string) => linesIn(text).map((line) => JSON.parse(line) as Record<string, unknown>);

test("watch: what the agents of a prefix say, with words; an outage is told, its gap named, and what comes twice is shown once", async () => {
  const port = await freePort();
  let broker: Mosquitto = await startMosquitto(port);
  await publish(port, ["retort/line-7/status", status("online"), true]);
  const watching = watch(["--url", broker.url]);
  await until(() => watching.out().includes("line-7 is online, version 0.1.0"), "the retained status", 20_000);
  const state = { v: 1, ts: since, state: "faulted", since, reason: "unplugged" };
  await publish(
    port,
    ["retort/line-7/cam1/alert", alertStep(1, 1, 0)],
    ["retort/line-7/cam1/alert", alertStep(1, 1, 0)],
    ["retort/line-8/cam1/state", state],
    ["other/line-8/cam1/state", state],
    ["retort/line-8/cam1/alert", { v: 1, seq: "\u001b[2J" }],
  );
  await until(() => watching.out().includes("cannot be used"), "the last message");
  assert.match(watching.out(), /ALERT raised {3}line-7\/cam1 {2}score 0\.900 \(threshold 0\.500\)/);
  assert.match(watching.out(), "line-8/cam1 is faulted: unplugged");
  assert.is(watching.out().match(/ALERT/g)?.length, 1);
  assert.not.match(watching.out(), "\u001b");

  await broker.stop("SIGKILL");
  await until(() => watching.err().includes("NOT CONNECTED: MQTT_LOST"), "the outage is told");
  broker = await startMosquitto(port);
  await until(() => watching.err().includes("connected again"), "it comes back", 15_000);
  await publish(port, ["retort/line-7/status", status("stopped"), true]);
  await until(() => watching.out().includes("line-7 is stopped"), "its subscriptions are back");
  await publish(port, ["retort/line-7/cam1/alert", alertStep(2, 4, 9)]);
  await until(() => watching.out().includes("2 frames  3x4 at 1,2\n") && watching.out().includes("GAP"), "the gap");
  assert.match(watching.out(), "of line-7's alerts numbers 2 to 3 (2) are missing: there was no connection meanwhile");
  assert.is(await watching.stop(), 0);
  await broker.stop();
});

test("watch --json: a line of JSON for each message and for what becomes of the connection; --agent hears one agent only", async () => {
  const broker = await startMosquitto();
  await publish(broker.port, ["plant/a/status", status("online"), true], ["plant/b/status", status("online"), true]);
  const watching = watch(["--url", broker.url, "--prefix", "plant", "--agent", "a", "--json"]);
  await until(() => watching.out().includes('"topic":"status"'), "the retained status", 20_000);
  const alert = alertStep(1, 1, 0);
  await publish(broker.port, ["plant/b/cam1/alert", alert], ["plant/a/cam1/alert", alert]);
  await until(() => watching.out().includes("cam1/alert"), "the alert");
  assert.is(await watching.stop(), 0);
  const [connected, first, second, ...more] = jsonIn(watching.out());
  assert.equal([connected?.watch, connected?.protocol], ["connected", "5"]);
  assert.equal(first, { agent: "a", topic: "status", payload: status("online") });
  assert.equal(second, { agent: "a", topic: "cam1/alert", payload: alert });
  assert.equal(more, []);
  await broker.stop();
});

test("watch ends when nobody reads it any more", async () => {
  const broker = await startMosquitto();
  await publish(broker.port, ["retort/a/status", status("online"), true], ["retort/b/status", status("online"), true]);
  const command = `"${process.execPath}" "${main}" watch --json --url ${broker.url} | head -n 1`;
  const shown = new Promise<string>((resolve) => {
    execFile("bash", ["-c", command], (_, stdout) => resolve(stdout));
  });
  // What is written after the reader has gone ends it.
  let over = false;
  const text = shown.finally(() => (over = true));
  for (let seq = 1; !over; seq += 1) {
    await publish(broker.port, ["retort/a/cam1/alert", alertStep(seq, seq, seq)]);
  }
  assert.is(jsonIn(await text).length, 1);
  await broker.stop();
});

test("watch: TLS, a user and a password by file, as options or as a configuration has them; a wrong password is told and tried again, a missing file is status 2", async () => {
  const authority = createAuthority("plant");
  const { cert, key } = authority.issue("broker", { names: "DNS:localhost" });
  const [plain, secure] = [await freePort(), await freePort()];
  const folder = temporaryFolder();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const passwords = file("passwords", "");
  await new Promise((resolve) => execFile("mosquitto_passwd", ["-b", passwords, "screen", "secret-word"], resolve));
  const broker = await startMosquitto(plain, [
    "allow_anonymous true",
    `acl_file ${file("acl", "topic write retort/#\n\nuser screen\ntopic read retort/#\n")}`,
    `password_file ${passwords}`,
    `listener ${secure} 127.0.0.1`,
    `certfile ${cert}`,
    `keyfile ${key}`,
  ]);
  await publish(plain, ["retort/a/status", status("online"), true]);
  const args = ["--url", `mqtts://localhost:${secure}`, "--ca-file", authority.cert, "--username", "screen"];
  const right = watch([...args, "--password-file", file("right", "secret-word\n")]);
  const wrong = watch([...args, "--password-file", file("wrong", "guessed\n")]);
  const settings = `{ url: "mqtts://localhost:${secure}", caFile: ${authority.cert}, username: screen, passwordFile: right }`;
  const cameras = "[{ id: cam1, model: plate, source: { type: demo } }]";
  const line = `mqtt: ${settings}\nmodels: { plate: { path: bundle } }\ncameras: ${cameras}\n`;
  const configured = watch(["--config", file("line.yaml", line)]);
  await until(() => right.out().includes("a is online"), "the status over TLS", 20_000);
  await until(() => configured.out().includes("a is online"), "the same by a configuration", 20_000);
  await until(() => wrong.err().includes("MQTT_NOT_AUTHORIZED"), "the refusal", 20_000);
  assert.equal([await right.stop(), await wrong.stop(), await configured.stop()], [0, 0, 0]);
  const missing = await retort(["watch", ...args, "--password-file", "/nowhere"]);
  assert.is(missing.status, 2);
  assert.match(missing.stderr, "MQTT_PASSWORD_UNREADABLE");
  for (const text of [right.err(), wrong.err()]) assert.not.match(text, /secret-word|guessed/);
  await broker.stop();
});

test("watch finds the embedded broker of an agent on this machine by its state folder; an address with a password in it is refused", async () => {
  const broker = await startMosquitto();
  const state = temporaryFolder();
  writeFileSync(join(state, "broker-port"), `${broker.port}\n`);
  await publish(broker.port, ["retort/a/status", status("online"), true]);
  const watching = watch(["--set", `state.path=${state}`]);
  await until(() => watching.out().includes("a is online"), "the status", 20_000);
  assert.is(await watching.stop(), 0);
  await broker.stop();
  for (const args of [
    ["--url", "mqtt://me:secret-word@broker"],
    ["--agent", "a/+"],
  ]) {
    const { status: code, stdout, stderr } = await retort(["watch", ...args]);
    assert.equal([code, stdout], [2, ""], args.join(" "));
    assert.not.match(stderr, "secret-word");
  }
});

test.run();
