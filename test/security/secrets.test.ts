import { execFileSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { printable } from "../../agent/cli/terminal.js";
import { concealing, maskText } from "../../config/mask.js";
import { temporaryFolder } from "../support/config.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";
import { type Ran, retort, retortUntil } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("secrets");
const folder = temporaryFolder();
const planted: string[] = [];

/** A secret of its own for each place, so that a leak tells where it sprang. */
function plant(place: string): string {
  const secret = `S3cr3t${planted.length}${place}`;
  planted.push(secret);
  return secret;
}

function passwordFile(place: string): string {
  const path = join(folder, `password-${planted.length}`);
  writeFileSync(path, `${plant(place)}\n`, { mode: 0o600 });
  return path;
}

function assertHidden(where: string, text: string): void {
  const found = planted.filter((secret) => text.includes(secret));
  assert.equal(
    found,
    [],
    `${where}: ${text.split("\n").find((line) => found.some((secret) => line.includes(secret)))}`,
  );
}

const shown = ({ stdout, stderr }: Ran) => stdout + stderr;

/** Nothing listens on port 1: each of these is lost, and GStreamer says why. */
const launches = {
  rtsp: `rtspsrc location=rtsp://viewer:${plant("Userinfo")}@127.0.0.1:1/s user-id=u user-pw=${plant("UserPw")} ! decodebin`,
  slash: `rtspsrc location=rtsp://viewer:a/b@${plant("Slash")}@127.0.0.1:1/s ! decodebin`,
  // GStreamer: no property "user-pw" in element "videotestsrc".
  unknown: `videotestsrc user-pw=${plant("UnknownProperty")} ! identity`,
  // GStreamer: could not set property "tls-validation-flags" ... to "..."; the secret beside it.
  spaced: `rtspsrc user-pw = "x \\" ${plant("Spaced")}" location=rtsp://127.0.0.1:1/s latency=none ! decodebin`,
  // GStreamer: no element "nosuchsrc"; the rest of the line beside it.
  missing: `nosuchsrc password='${plant("Missing")}' ! identity`,
  // GStreamer: could not set property "latency" in element "rtspsrc" to "rtsp://...".
  quoted: `rtspsrc latency=rtsp://viewer:${plant("Quoted")}@127.0.0.1:1/s ! decodebin`,
};

const bundle = await writeTinyBundle();

function configFile(name: string, mqtt: Readonly<Record<string, unknown>>): string {
  const path = join(folder, `${name}.yaml`);
  const gstreamer = Object.entries(launches).map(([id, launch]) => ({
    id,
    model: "m",
    source: { type: "gstreamer", launch },
  }));
  const rtsp = {
    id: "camera",
    model: "m",
    source: { type: "rtsp", url: "rtsp://127.0.0.1:1/s", username: "u", passwordFile: passwordFile("RtspFile") },
  };
  const config = {
    agent: { id: name },
    mqtt,
    models: { m: { path: bundle } },
    cameras: [...gstreamer, rtsp],
    state: { path: join(folder, `state-${name}`) },
  };
  writeFileSync(path, stringify(config));
  return path;
}

test("a running agent: neither its log, its output nor one MQTT message holds a secret; its files are its own", async () => {
  const known = passwordFile("MqttFile");
  const passwords = join(folder, "mosquitto-passwords");
  execFileSync("mosquitto_passwd", ["-b", "-c", passwords, "line", planted.at(-1)!], { stdio: "ignore" });
  const broker = await startMosquitto(undefined, ["allow_anonymous true", `password_file ${passwords}`]);
  const heard = await subscribe(broker.port, "#");
  const mqtt = { url: broker.url, username: "line", passwordFile: known };
  const cameras = Object.keys(launches).length + 1;
  const lost = (agent: string) =>
    new Set(
      heard.heard
        .filter(({ topic, payload }) => topic.startsWith(`retort/${agent}/`) && payload.state === "no-signal")
        .map(({ topic }) => topic),
    ).size;
  try {
    for (const [agent, more] of [
      ["person", []],
      ["program", ["--json"]],
    ] as const) {
      const args = ["--config", configFile(agent, mqtt), ...more];
      const ran = await retortUntil(() => lost(agent) === cameras, args, { DEBUG: "*" });
      assert.is(ran.status, 0, ran.stderr);
      assert.match(shown(ran), "no-signal");
      assertHidden(agent, shown(ran));
    }
    const state = (camera: string) => heard.of(`retort/person/${camera}/state`).at(-1)?.reason as string;
    assert.match(state("unknown"), "user-pw");
    assert.match(state("quoted"), 'to "rtsp://***@127.0.0.1:1/s"');
    assertHidden("MQTT", JSON.stringify(heard.heard));
    assert.equal(openToOthers(join(folder, "state-person")), []);
  } finally {
    await heard.stop();
    await broker.stop();
  }
});

test("refused by the broker: neither the log nor doctor tells the password", async () => {
  const passwords = join(folder, "other-passwords");
  execFileSync("mosquitto_passwd", ["-b", "-c", passwords, "line", "other"], { stdio: "ignore" });
  const broker = await startMosquitto(undefined, ["allow_anonymous false", `password_file ${passwords}`]);
  const file = configFile("refused", { url: broker.url, username: "line", passwordFile: passwordFile("Refused") });
  try {
    const ran = await retortUntil((output) => output.includes("MQTT_NOT_AUTHORIZED"), ["--config", file], {
      DEBUG: "*",
    });
    assertHidden("run", shown(ran));
    for (const more of [[], ["--json"]]) {
      const doctor = await retort(["doctor", "--config", file, ...more]);
      assert.match(doctor.stdout, more.length === 0 ? "mqtt.url" : "MQTT_NOT_AUTHORIZED");
      assertHidden("doctor", shown(doctor));
      const check = await retort(["check", "--config", file, ...more]);
      assert.is(check.status, 0);
      assertHidden("check", shown(check));
    }
  } finally {
    await broker.stop();
  }
});

test("wrong configurations: what is refused is named, not quoted", async () => {
  const yaml = (name: string, text: string) => {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, text);
    return ["--config", path];
  };
  const demo = "models: {m: {path: /m}}\ncameras: [{id: a, model: m, source: {type: demo}}]\n";
  const wrong: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>?])[] = [
    ["CONFIG_KEY_UNKNOWN", yaml("key", `${demo}mqtt: {password: ${plant("Key")}}`)],
    ["CONFIG_KEY_UNKNOWN", yaml("colon", `${demo}mqtt: {password ${plant("Colon")}}`)],
    ["CONFIG_KEY_UNKNOWN", yaml("complex", `? {password: ${plant("Complex")}}\n: x\n${demo}`)],
    ["CONFIG_VALUE_INVALID", yaml("url", `${demo}mqtt: {url: "mqtt://u:${plant("Url")}/a@h"}`)],
    ["CONFIG_VALUE_INVALID", yaml("map", `${demo}mqtt: {username: {password: ${plant("Map")}}}`)],
    ["CONFIG_SYNTAX", yaml("alias", `${demo}mqtt: {username: *${plant("Alias")}}`)],
    ["CONFIG_SYNTAX", yaml("syntax", `${demo}mqtt: {password: "${plant("Syntax")}}`)],
    ["CONFIG_SYNTAX", yaml("text", `password ${plant("Text")}`)],
    [
      "CONFIG_PATH_MISSING",
      yaml("file", `${demo}mqtt: {url: 'mqtt://h', username: u, passwordFile: ${plant("File")}}`),
    ],
    ["CONFIG_KEY_UNKNOWN", [], { RETORT_MQTT_PASSWORD: plant("Environment") }],
    ["CONFIG_VALUE_INVALID", [], { RETORT_MQTT_URL: `mqtt://u:${plant("EnvironmentUrl")}@h` }],
    ["CONFIG_KEY_UNKNOWN", ["--set", `mqtt.password=${plant("Set")}`]],
    ["CONFIG_VALUE_INVALID", ["--set", `mqtt.url=mqtt://u:${plant("SetUrl")}@h`]],
    ["CONFIG_SYNTAX", ["--set", `mqtt.password:${plant("NoSign")}`]],
    ["unknown option", [`--password=${plant("Option")}`]],
  ];
  await Promise.all(
    wrong.map(async ([code, args, env = {}]) => {
      const check = await retort(["check", ...args], { env });
      assert.is(check.status, 2, `${args.join(" ")}: ${shown(check)}`);
      assert.match(shown(check), code);
      if (/\/(url|key)\.yaml$/.test(args[1] ?? ""))
        assert.match(shown(check), "passwordFile", "where it belongs instead");
      assertHidden(`check ${args.join(" ")}`, shown(check));
    }),
  );
  for (const [, args, env = {}] of wrong.filter(([code]) => code !== "CONFIG_PATH_MISSING")) {
    assertHidden("run", shown(await retort(["run", ...args], { env })));
  }
});

for (const [text, expected] of [
  ["mqtt://u:p@h:1/x", "mqtt://***@h:1/x"],
  ["rtsp://u:p/q@r@h", "rtsp://***@h"],
  ["rtsp://u@h", "rtsp://***@h"],
  ["mqtt://h:1883/a@b", "mqtt://h:1883/a@b"],
  ["https://[::1]:80/a@b", "https://[::1]:80/a@b"],
  ["a user-pw=x b", "a user-pw=*** b"],
  ['user-pw = "a \\" b" c', "user-pw = *** c"],
  ["proxy-pw='a b' c", "proxy-pw=*** c"],
  ["user-pw=a\\ b c", "user-pw=*** c"],
  ['{"password":"a\\"b","c":1}', '{"password":***,"c":1}'],
  ["mqtt.passwordFile: cannot read", "mqtt.passwordFile: cannot read"],
  ["pattern=ball latency=5", "pattern=ball latency=5"],
] as const) {
  test(`masked: ${text}`, () => assert.is(maskText(text), expected));
}

test("a secret is hidden in whatever words it comes back", () => {
  const conceal = concealing('rtspsrc location=rtsp://me:wo"rd@h user-pw="pass \\"word\\"" ! decodebin');
  assert.is(conceal('could not set "user-pw" to "pass "word""'), 'could not set "user-pw" to "***"');
  assert.is(conceal("decodebin says no"), "decodebin says no");
});

test("what comes from elsewhere is shown on one line, signs that steer a terminal as their numbers", () => {
  assert.is(printable("a\u001b[2J\nb\u202ec\u0007"), "a\\u{1b}[2J\\u{a}b\\u{202e}c\\u{7}");
  assert.ok(printable("x".repeat(100_000)).length < 5_000);
});

test("masking takes no longer than the text is long", () => {
  for (const unit of ["a-", "password", "user-pw=", '"', "x://", "a\\", "password =  "]) {
    const startedAtMs = performance.now();
    maskText(unit.repeat(65_536 / unit.length));
    assert.ok(performance.now() - startedAtMs < 500, unit);
  }
});

/** What others may read, write or enter. */
function openToOthers(path: string): string[] {
  const info = statSync(path);
  const own = (info.mode & 0o077) === 0 ? [] : [`${path} ${(info.mode & 0o777).toString(8)}`];
  return info.isDirectory() ? [...own, ...readdirSync(path).flatMap((name) => openToOthers(join(path, name)))] : own;
}

test.run();
