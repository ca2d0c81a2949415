/** The brokers that `retort watch` reaches: secured ones, and the one inside an agent. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createAuthority } from "../support/certificates.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, startMosquitto } from "../support/mosquitto.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { endWatches, publish, status, watch } from "../support/watch.js";

const test = suite("watch's brokers");
test.after(endWatches);

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
