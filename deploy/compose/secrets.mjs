#!/usr/bin/env node
// Makes what compose.yaml's services must not share with anybody: a private authority with the broker's certificate, a password for each
// user of the broker, the tokens of the agent's HTTP. What is there already stays, so that it can be run again.
import { execFileSync } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `usage: sudo node deploy/compose/secrets.mjs [options]

  --name NAME    one more name or address of the broker, for clients on other machines; may come again
  --agent ID     one more agent's user at the broker; may come again
  --renew        makes the broker's certificate anew (it lasts for 825 days)
  --folder DIR   where to (deploy/compose/secrets)
  --own          leaves the files to whoever calls, where containers run as that user; else root gives each file to
                 the user of the service that reads it
`;
/** The users that the services run as, in compose.yaml. */
const OWNERS = { agent: 10001, mosquitto: 1883, prometheus: 65534, grafana: 472, authority: 0, people: 0 };
/** Who may what is in mosquitto/access. */
const PEOPLE = ["operator", "screen", "line-control"];
const AGENT = "line-1";

/** A file that only its service reads; what is there stays. @returns {string} its first line */
function secret(path, make = () => randomBytes(32).toString("base64url")) {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${make()}\n`, { mode: 0o600 });
  }
  return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
}

function openssl(...args) {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function makeAuthority(at) {
  if (existsSync(at("authority/ca.pem"))) return;
  mkdirSync(at("authority"), { recursive: true, mode: 0o700 });
  const files = ["-keyout", at("authority/ca.key"), "-out", at("authority/ca.pem")];
  const rights = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  openssl("req", "-x509", ...KEY, "-days", "3650", "-subj", "/CN=Retort private authority", ...rights, ...files);
}

function makeCertificate(at, names) {
  const files = {
    cert: at("mosquitto/broker.pem"),
    key: at("mosquitto/broker.key"),
    request: at("authority/broker.csr"),
  };
  if (existsSync(files.cert)) return;
  const extensions = at("authority/broker.ext");
  const alternatives = names.map((name) => `${/^[\d.]+$|:/.test(name) ? "IP" : "DNS"}:${name}`).join(",");
  writeFileSync(
    extensions,
    `subjectAltName=${alternatives}\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n`,
  );
  openssl("req", ...KEY, "-subj", "/CN=mosquitto", "-keyout", files.key, "-out", files.request);
  const authority = ["-CA", at("authority/ca.pem"), "-CAkey", at("authority/ca.key"), "-CAcreateserial"];
  openssl(
    "x509",
    "-req",
    "-in",
    files.request,
    ...authority,
    "-days",
    "825",
    "-extfile",
    extensions,
    "-out",
    files.cert,
  );
}

/** A line of Mosquitto's password file: PBKDF2 with SHA-512, as mosquitto_passwd writes it. */
function passwordLine(user, password) {
  const [iterations, salt] = [101, randomBytes(12)];
  const hash = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return `${user}:$7$${iterations}$${salt.toString("base64")}$${hash.toString("base64")}\n`;
}

function main(args) {
  const options = {
    name: { type: "string", multiple: true, default: [] },
    agent: { type: "string", multiple: true, default: [] },
    renew: { type: "boolean", default: false },
    folder: { type: "string", default: join(dirname(fileURLToPath(import.meta.url)), "secrets") },
    own: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  };
  const { values } = parseArgs({ args, options });
  if (values.help) return void process.stdout.write(USAGE);
  if (!values.own && process.getuid() !== 0) {
    throw new Error("only root can give each file to the user of its service: call it with sudo, or with --own");
  }
  const at = (path) => join(values.folder, path);
  for (const service of Object.keys(OWNERS)) mkdirSync(at(service), { recursive: true, mode: 0o700 });
  makeAuthority(at);
  if (values.renew) rmSync(at("mosquitto/broker.pem"), { force: true });
  makeCertificate(at, ["mosquitto", "localhost", "127.0.0.1", ...values.name]);
  writeFileSync(at("agent/ca.pem"), readFileSync(at("authority/ca.pem")));
  secret(at("agent/http-token"));
  const viewToken = secret(at("agent/http-view-token"));
  writeFileSync(at("prometheus/http-view-token"), `${viewToken}\n`);
  secret(at("grafana/admin-password"));
  const passwords = [[AGENT, secret(at("agent/mqtt-password"))]];
  for (const user of new Set([...PEOPLE, ...values.agent, ...readdirSync(at("people"))])) {
    passwords.push([user, secret(at(`people/${user}`))]);
  }
  writeFileSync(at("mosquitto/passwords"), passwords.map(([user, password]) => passwordLine(user, password)).join(""));
  chmodSync(values.folder, 0o700);
  handOver(at, values.own);
  process.stdout.write(
    `${values.folder}: the broker's authority is authority/ca.pem, passwords of people are in people/\n`,
  );
}

/** Each service may read its own folder, and nobody else may. */
function handOver(at, own) {
  for (const [service, uid] of Object.entries(OWNERS)) {
    const files = execFileSync("find", [at(service), "-type", "f"], { encoding: "utf8" })
      .trim()
      .split("\n");
    for (const file of files.filter((path) => path !== "")) chmodSync(file, 0o600);
    if (!own) for (const path of [...files, at(service)]) chownSync(path, uid, uid);
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.stderr ?? ""}${error.message}\n`);
  process.exitCode = 1;
}
