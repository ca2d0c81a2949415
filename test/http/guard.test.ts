import { rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Http, type HttpOptions, openHttp } from "../../agent/http/open.js";
import { temporaryFolder } from "../support/config.js";
import { deafClient, sendRaw } from "../support/raw-http.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { testView } from "../support/view.js";

const test = suite("HTTP: who may ask, how, and how much");
const lines: string[] = [];
const log = {
  info: (text: string) => lines.push(text),
  warn: (text: string) => lines.push(text),
  error: (text: string) => lines.push(text),
};
let http: Http;
test.before.each(() => {
  lines.length = 0;
});
test.after.each(() => http.close());

async function start(config: Parameters<typeof testView>[0] = {}, options: Partial<HttpOptions> = {}): Promise<string> {
  http = openHttp(testView(config), { version: "1.2.3", log, random: () => 0, ...options });
  await http.tried;
  return http.url()!;
}

const secret = "0123456789abcdef-the-token";
async function tokenFile(token = secret): Promise<string> {
  const file = join(temporaryFolder(), "token");
  await writeFile(file, `${token}\nnot this line\n`);
  return file;
}

/** The code of a JSON error, wherever it came from; throws when the body is none. */
const codeIn = (body: string): string => (JSON.parse(body) as { error: { code: string } }).error.code;
const bodyOf = (raw: string): string => raw.slice(raw.indexOf("\r\n\r\n") + 4);
const statusOf = (raw: string): number => Number(raw.split(" ", 2)[1]);

test("on loopback only this machine's names and the configured ones are answered to", async () => {
  const url = await start({ names: ["Line7.plant.local"] });
  const ask = (host: string) => sendRaw(url, `GET /readyz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const { port } = new URL(url);
  for (const host of ["localhost", `127.0.0.1:${port}`, `[::1]:${port}`, "LINE7.plant.local:80", "localhost."]) {
    assert.is(statusOf(await ask(host)), 200, host);
  }
  for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "127.0.0.1.evil.example", ""]) {
    const answer = await ask(host);
    assert.equal([statusOf(answer), codeIn(bodyOf(answer))], [421, "HTTP_HOST_UNKNOWN"], host);
  }
  assert.is(statusOf(await sendRaw(url, "GET /readyz HTTP/1.0\r\n\r\n")), 421, "no host at all");
  assert.is(
    statusOf(await sendRaw(url, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")),
    421,
  );
});

test("with a token nothing but /healthz is answered without it, and it is never taken from the address", async () => {
  const url = await start({ tokenFile: await tokenFile() });
  const ask = async (path: string, authorization?: string) => {
    const response = await fetch(new URL(path, url), authorization === undefined ? {} : { headers: { authorization } });
    return [response.status, response.headers.get("www-authenticate"), await response.text()] as const;
  };
  assert.is((await ask("/healthz"))[0], 200);
  for (const path of ["/", "/readyz", "/metrics", "/nowhere", `/readyz?token=${secret}`, `/?access_token=${secret}`]) {
    const [status, challenge, body] = await ask(path);
    assert.equal([status, challenge, codeIn(body)], [401, 'Bearer realm="retort"', "HTTP_UNAUTHORIZED"], path);
  }
  assert.is((await ask("/readyz", `Bearer ${secret}`))[0], 200);
  for (const wrong of [`Bearer ${secret}x`, `Bearer ${secret.slice(1)}`, "Bearer ", `Basic ${btoa(`u:${secret}`)}`]) {
    assert.is((await ask("/readyz", wrong))[0], 401, wrong);
  }
  assert.not(lines.some((line) => line.includes(secret)));
});

test("an address that keeps guessing is not listened to any more, even when it guesses right", async () => {
  const url = await start({ tokenFile: await tokenFile() });
  const ask = (token: string | null) =>
    fetch(new URL("/readyz", url), token === null ? {} : { headers: { authorization: `Bearer ${token}` } });
  for (let n = 0; n < 20; n += 1) assert.is((await ask(null)).status, 401, "showing none is no guess");
  for (let n = 0; n < 10; n += 1) assert.is((await ask(`guess-${n}`)).status, 401);
  const refused = await ask(secret);
  assert.is(refused.status, 429);
  assert.is(codeIn(await refused.text()), "HTTP_TOO_MANY_FAILURES");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.is((await fetch(new URL("/healthz", url))).status, 200);
});

test("who has a session goes on looking and acting while somebody guesses tokens at the same address", async () => {
  const url = await start({ tokenFile: await tokenFile() });
  const origin = new URL(url).origin;
  const begun = await fetch(new URL("/api/session", url), {
    method: "POST",
    headers: { origin, "content-type": "application/json" },
    body: JSON.stringify({ token: secret }),
  });
  const [cookie = ""] = (begun.headers.get("set-cookie") ?? "").split(";");
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(new URL("/api/cameras", url), { headers })).status;
  for (let n = 0; n < 11; n += 1) await ask({ authorization: `Bearer guess-${n}` });
  assert.is(await ask({ authorization: `Bearer ${secret}` }), 429);
  assert.is(await ask({ cookie, authorization: `Bearer ${secret}` }), 429, "a session is no way to guess on");
  assert.is(await ask({ cookie: `${cookie}x` }), 429);
  assert.is(await ask({ cookie }), 200);
});

test("every answer forbids frames, sniffing and other origins", async () => {
  const url = await start();
  for (const path of ["/readyz", "/nowhere"]) {
    const { headers } = await fetch(new URL(path, url), { headers: { origin: "http://evil.example" } });
    assert.is(headers.get("access-control-allow-origin"), null);
    assert.is(headers.get("x-content-type-options"), "nosniff");
    assert.is(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.match(headers.get("content-security-policy")!, "default-src 'none'");
    assert.is(headers.get("x-powered-by"), null);
  }
});

test("what is malformed, too large or unknown is a JSON error with a code", async () => {
  const url = await start();
  const head = "Host: localhost\r\nConnection: close\r\n";
  for (const [request, status, code] of [
    [`GET /readyz HTTP/1.1\r\n${head}X-Filler: ${"x".repeat(20_000)}\r\n\r\n`, 431, "HTTP_HEADERS_TOO_LARGE"],
    [`GET /${"x".repeat(20_000)} HTTP/1.1\r\n${head}\r\n`, 431, "HTTP_HEADERS_TOO_LARGE"],
    ["NONSENSE\r\n\r\n", 400, "HTTP_BAD_REQUEST"],
    [`GET /%ff HTTP/1.1\r\n${head}\r\n`, 400, "HTTP_BAD_REQUEST"],
    [`GET /../../etc/passwd HTTP/1.1\r\n${head}\r\n`, 404, "HTTP_NOT_FOUND"],
    [`GET /%2e%2e%2fetc%2fpasswd HTTP/1.1\r\n${head}\r\n`, 404, "HTTP_NOT_FOUND"],
    [`POST /readyz HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n{}`, 404, "HTTP_NOT_FOUND"],
    [`OPTIONS /readyz HTTP/1.1\r\n${head}Origin: http://evil.example\r\n\r\n`, 404, "HTTP_NOT_FOUND"],
  ] as const) {
    const answer = await sendRaw(url, request);
    assert.equal([statusOf(answer), codeIn(bodyOf(answer))], [status, code], request.slice(0, 50));
    assert.not.match(answer, "node_modules");
  }
  assert.is((await fetch(new URL("/healthz", url))).status, 200);
});

test("a fault of the agent's own is logged, and the client learns nothing of it", async () => {
  const broken = {
    ...testView(),
    broker: () => {
      throw new Error("/etc/retort/secret exploded");
    },
  };
  http = openHttp(broken, { version: "1.2.3", log });
  await http.tried;
  const response = await fetch(new URL("/readyz", http.url()!));
  assert.is(response.status, 500);
  const body = await response.text();
  assert.is(codeIn(body), "HTTP_INTERNAL");
  assert.not.match(body, "exploded");
  assert.ok(lines.some((line) => line.includes("exploded")));
});

test("requests that never end are cut off, silent connections closed", async () => {
  const url = await start({}, { limits: { headersMs: 200, requestMs: 300, silenceMs: 500 } });
  const slow = await sendRaw(url, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Never: ");
  assert.equal([statusOf(slow), codeIn(bodyOf(slow))], [408, "HTTP_REQUEST_TIMEOUT"]);
  assert.is(statusOf(await sendRaw(url, "")), 408);
});

test("no more connections than configured; one that goes makes room", async () => {
  const url = await start({ maxConnections: 3 });
  const held = await Promise.all([1, 2, 3].map(() => deafClient(url, "/healthz")));
  const ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  assert.is(await sendRaw(url, ask), "");
  held[0]!.destroy();
  let answer = "";
  for (let tries = 0; answer === "" && tries < 200; tries += 1) answer = await sendRaw(url, ask);
  assert.is(statusOf(answer), 200);
  const startedAtMs = performance.now();
  await http.close();
  assert.ok(performance.now() - startedAtMs < 1_000, "open connections do not hold up the stop");
  for (const socket of held) socket.destroy();
});

test("a port that is taken: named with a code and tried again until it is free", async () => {
  const other = await occupy(0);
  const port = portOf(other);
  assert.is(await start({ port }), null);
  assert.is(lines.filter((line) => line.includes("HTTP_PORT_TAKEN")).length, 1);
  await new Promise((resolve) => other.close(resolve));
  await until(() => http.url() !== null, "listens");
  assert.is((await fetch(new URL("/healthz", http.url()!))).status, 200);
  assert.is(new URL(http.url()!).port, String(port));
  assert.is(lines.filter((line) => line.includes("HTTP_PORT_TAKEN")).length, 1, "told once");
});

test("the usual port, where it is taken, is no reason not to answer", async () => {
  const other = await occupy(0);
  const url = await start({ port: "auto" }, { usualPort: portOf(other) });
  assert.is.not(new URL(url).port, String(portOf(other)));
  assert.is((await fetch(new URL("/healthz", url))).status, 200);
  await new Promise((resolve) => other.close(resolve));
});

test("without a usable token nothing is answered; it is read again", async () => {
  const file = await tokenFile("short");
  assert.is(await start({ tokenFile: file, host: "0.0.0.0" }), null);
  assert.ok(lines.some((line) => line.includes("HTTP_TOKEN_INVALID")));
  assert.not(lines.some((line) => line.includes("short\n") || line.endsWith("short")));
  await rm(file);
  await until(() => lines.some((line) => line.includes("HTTP_TOKEN_UNREADABLE")), "told");
  assert.not(
    lines.some((line) => line.includes(file)),
    "a token written in the place of its file's name",
  );
  await writeFile(file, secret);
  await until(() => http.url() !== null, "listens");
  const url = http.url()!.replace("0.0.0.0", "127.0.0.1");
  assert.is((await fetch(new URL("/readyz", url))).status, 401);
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test.run();
