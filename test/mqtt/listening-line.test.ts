import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openEmbeddedBroker } from "../../agent/mqtt/embedded-broker.js";
import { listeningLine } from "../../agent/mqtt/listening-line.js";
import { openPublisher, type Publisher } from "../../agent/mqtt/publisher.js";
import { packageRoot } from "../../config/package-root.js";
import { createAuthority } from "../support/certificates.js";
import { mqttConfig, temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** The line that is printed for listening, run as it is printed. */
const test = suite("mqtt listening line");
const folder = temporaryFolder();
const plant = createAuthority("plant");
const served = plant.issue("broker", { names: "DNS:localhost,IP:127.0.0.1" });
const mine = plant.issue("line 7");
const passwordFile = join(folder, "the password's file");
let broker: Mosquitto;
let publisher: Publisher;
const ports = { plain: 0, tls: 0, mutual: 0 };

test.before(async () => {
  for (const kind of ["plain", "tls", "mutual"] as const) ports[kind] = await freePort();
  writeFileSync(passwordFile, 'it\'s $HOME "right"\nsecond line\n');
  const users = join(folder, "users");
  execFileSync("mosquitto_passwd", ["-b", "-c", users, "line", 'it\'s $HOME "right"'], { stdio: "ignore" });
  const tls = [`cafile ${plant.cert}`, `certfile ${served.cert}`, `keyfile ${served.key}`];
  broker = await startMosquitto(ports.plain, [
    "per_listener_settings true",
    "allow_anonymous true",
    ...[`listener ${ports.tls} 127.0.0.1`, ...tls, `password_file ${users}`, "allow_anonymous false"],
    ...[`listener ${ports.mutual} 127.0.0.1`, ...tls, "require_certificate true", "use_identity_as_username true"],
  ]);
  publisher = openPublisher({ url: broker.url, prefix: "retort", agentId: "line-7", version: "0" });
});
test.after(async () => {
  await publisher.close();
  await broker.stop();
});

/** Runs the line in a shell until it has printed so many lines; then it ends. */
async function listen(line: string, lines: number, onSubscribed: () => Promise<void>, begins = "{"): Promise<string[]> {
  const process = spawn("sh", ["-c", `exec ${line.replace("mosquitto_sub", "stdbuf -oL mosquitto_sub -d")}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  process.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  const printed = () => text.split("\n").filter((each) => each.startsWith(begins));
  const ended = new Promise((resolve) => process.once("exit", resolve));
  try {
    await until(() => text.includes("Subscribed"), "the subscription");
    await onSubscribed();
    await until(() => printed().length === lines, "the messages");
    return printed();
  } finally {
    process.kill("SIGKILL");
    await ended;
  }
}

const alert = (seq: number) => publisher.publish({ topic: "cam1/alert", payload: { seq }, qos: 1, retain: false });

for (const [what, settings, url] of [
  ["plain", {}, () => `mqtt://127.0.0.1:${ports.plain}`],
  [
    "TLS, a user and a password",
    { caFile: plant.cert, username: "line", passwordFile },
    () => `mqtts://localhost:${ports.tls}`,
  ],
  [
    "a client certificate",
    { caFile: plant.cert, certFile: mine.cert, keyFile: mine.key },
    () => `mqtts://localhost:${ports.mutual}`,
  ],
] as const) {
  test(`${what}: as it is printed it brings every alert, those of a time when nobody listened included`, async () => {
    const line = listeningLine(mqttConfig({ url: url(), ...settings }), url(), "retort/line-7/+/alert");
    assert.ok(line !== null);
    const own = line.replace("-listener", `-${what.length}`);
    assert.equal(await listen(own, 1, () => alert(1)), ['{"seq":1}']);
    await alert(2);
    assert.equal(await listen(own, 2, () => alert(3)), ['{"seq":2}', '{"seq":3}']);
  });
}

test("the embedded broker: the line brings every alert, those of a time when nobody listened included", async () => {
  const embedded = await openEmbeddedBroker({ ports: [0] });
  const own = openPublisher({ url: embedded.url, prefix: "retort", agentId: "line-7", version: "0" });
  const send = (seq: number) => own.publish({ topic: "cam1/alert", payload: { seq }, qos: 1, retain: false });
  try {
    const line = listeningLine(mqttConfig(), embedded.url, "retort/line-7/+/alert");
    assert.equal(await listen(line!, 1, () => send(1)), ['{"seq":1}']);
    await send(2);
    assert.equal(await listen(line!, 2, () => send(3)), ['{"seq":2}', '{"seq":3}']);
  } finally {
    await own.close();
    await embedded.close();
  }
});

test("the lines of the documents bring what they say: alerts, scores, everything but pictures", async () => {
  const page = readFileSync(join(packageRoot(), "docs/mqtt.md"), "utf8");
  const lines = [...page.matchAll(/^mosquitto_sub .*$/gm)].map(([line]) => line);
  const [alerts, scores, everything, ...more] = lines.map((line) =>
    line.replace("127.0.0.1", `127.0.0.1 -p ${ports.plain}`),
  );
  assert.equal(more, []);
  const publishAll = async () => {
    await publisher.publish({ topic: "cam1/evidence/1", payload: new Uint8Array(3), qos: 1, retain: false });
    await publisher.publish({ topic: "cam1/score", payload: { score: 1 }, qos: 0, retain: false });
    await alert(7);
  };
  const topicsOf = (printed: readonly string[]) => printed.map((line) => line.split(" ")[0]);
  const T = "retort/line-7";
  assert.equal(topicsOf(await listen(alerts!, 1, publishAll, T)), [`${T}/cam1/alert`]);
  assert.equal(topicsOf(await listen(scores!, 1, publishAll, T)), [`${T}/cam1/score`]);
  assert.equal(topicsOf(await listen(everything!, 3, publishAll, T)), [
    `${T}/status`,
    `${T}/cam1/score`,
    `${T}/cam1/alert`,
  ]);
  await publishAll();
  assert.is((await listen(alerts!, 3, async () => undefined, T)).length, 3, "none was missed");
});

test("a broker of Node's own authorities, a name beside an address, and one that listens through websockets", () => {
  const topic = "retort/line-7/+/alert";
  const line = (url: string, rest = {}) => listeningLine(mqttConfig({ url, ...rest }), url, topic);
  assert.match(line("mqtts://broker.plant")!, "-h broker.plant -p 8883 --tls-use-os-certs");
  assert.match(
    line("mqtts://10.0.0.7:8884", { serverName: "broker.plant", caFile: "/ca.pem" })!,
    "-h broker.plant -p 8884",
  );
  assert.match(line("mqtt://[::1]")!, "-h ::1 -p 1883");
  assert.is(line("wss://broker.plant/mqtt"), null);
});

test.run();
