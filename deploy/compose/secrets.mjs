#!/usr/bin/env node
// Makes what compose.yaml's services must not share with anybody: a private authority with the broker's certificate, a password for each
// user of the broker, the tokens of the agent's HTTP. What is there already stays, so that it can be run again.
import { execFileSync } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `usage: sudo node deploy/compose/secrets.mjs [options]

  --name NAME    one more name or address of the broker, for clients on other machines; may come again. Its certificate is made
                 anew where a name is not in it yet; names that it has stay
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

/** Whole or not at all: half a secret, of a disk that was full, would be taken for one. */
function put(path, text) {
  const draft = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, path);
}

const firstLine = (path) => (existsSync(path) ? (readFileSync(path, "utf8").split("\n", 1)[0] ?? "") : "");

/** A file that only its service reads; what is there stays. @returns {string} its first line */
function secret(path) {
  if (firstLine(path) === "") put(path, `${randomBytes(32).toString("base64url")}\n`);
  return firstLine(path);
}

function openssl(...args) {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Made beside the files of before, which it then replaces. Cut off meanwhile there is no certificate, and the next call makes both. */
function replacing(key, certificate, make) {
  make(`${key}.new`, `${certificate}.new`);
  rmSync(certificate, { force: true });
  for (const path of [key, certificate]) renameSync(`${path}.new`, path);
}

function makeAuthority(at) {
  const certificate = at("authority/ca.pem");
  if (existsSync(certificate)) return;
  const rights = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  const subject = ["-days", "3650", "-subj", "/CN=Retort private authority"];
  replacing(at("authority/ca.key"), certificate, (key, out) =>
    openssl("req", "-x509", ...KEY, ...subject, ...rights, "-keyout", key, "-out", out),
  );
}

/** @param {readonly string[]} wanted names and addresses; those of the certificate before stay in it */
function makeCertificate(at, wanted, renew) {
  const certificate = at("mosquitto/broker.pem");
  const extensions = at("authority/broker.ext");
  const before = /^(?:DNS|IP):.*$/.exec(firstLine(extensions).replace("subjectAltName=", ""))?.[0].split(",") ?? [];
  const alternatives = wanted.map((name) => `${/^[\d.]+$|:/.test(name) ? "IP" : "DNS"}:${name}`);
  const all = [...new Set([...before, ...alternatives])];
  if (existsSync(certificate) && !renew && all.length === before.length) return;
  const request = at("authority/broker.csr");
  replacing(at("mosquitto/broker.key"), certificate, (key, out) => {
    put(
      `${extensions}.wanted`,
      `subjectAltName=${all.join(",")}\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n`,
    );
    openssl("req", ...KEY, "-subj", "/CN=mosquitto", "-keyout", key, "-out", request);
    const authority = ["-CA", at("authority/ca.pem"), "-CAkey", at("authority/ca.key"), "-CAcreateserial"];
    const options = ["-days", "825", "-extfile", `${extensions}.wanted`];
    openssl("x509", "-req", "-in", request, ...authority, ...options, "-out", out);
  });
  renameSync(`${extensions}.wanted`, extensions);
  process.stdout.write("the broker's certificate is new: docker compose restart mosquitto\n");
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
  for (const user of values.agent) {
    // It becomes a line of the broker's passwords, a topic and a file's name.
    if (!/^[\p{L}\p{N}_-][\p{L}\p{N} ._-]*$/u.test(user))
      throw new Error(`--agent ${user}: letters, digits, spaces, - _ . alone`);
    if (user === AGENT)
      throw new Error(`--agent ${user}: compose.yaml's own agent, whose password is agent/mqtt-password`);
  }
  const at = (path) => join(values.folder, path);
  for (const service of Object.keys(OWNERS)) mkdirSync(at(service), { recursive: true, mode: 0o700 });
  makeAuthority(at);
  makeCertificate(at, ["mosquitto", "localhost", "127.0.0.1", ...values.name], values.renew);
  put(at("agent/ca.pem"), readFileSync(at("authority/ca.pem")));
  secret(at("agent/http-token"));
  const viewToken = secret(at("agent/http-view-token"));
  put(at("prometheus/http-view-token"), `${viewToken}\n`);
  secret(at("grafana/admin-password"));
  const passwords = [[AGENT, secret(at("agent/mqtt-password"))]];
  const known = readdirSync(at("people")).filter((name) => !name.startsWith("."));
  for (const user of new Set([...PEOPLE, ...values.agent, ...known])) {
    passwords.push([user, secret(at(`people/${user}`))]);
  }
  put(at("mosquitto/passwords"), passwords.map(([user, password]) => passwordLine(user, password)).join(""));
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
