/** Who may look and act over HTTP, and what a browser can be made to do by another site's page. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Command } from "../../agent/contract/inbound.js";
import type { SessionAnswer } from "../../agent/contract/live-events.js";
import { type Http, openHttp } from "../../agent/http/open.js";
import { temporaryFolder } from "../support/config.js";
import { readEvents } from "../support/events.js";
import { answerFaults } from "../support/openapi.js";
import { suite } from "../support/suite.js";
import { testView } from "../support/view.js";

const test = suite("who may look, and who may act, over HTTP");
const ACT = "0123456789abcdef-may-act";
const LOOK = "0123456789abcdef-may-look";
const lines: string[] = [];
const keep = (text: string) => lines.push(text);
const log = { info: keep, warn: keep, error: keep };
let http: Http;
let url: string;
let performed: Command[];
test.after.each(async () => {
  await http.close();
  for (const secret of [ACT, LOOK])
    assert.not(
      lines.some((line) => line.includes(secret)),
      "a token in the log",
    );
});

async function start(config: Parameters<typeof testView>[0] = {}): Promise<void> {
  lines.length = 0;
  performed = [];
  const perform = (command: Command): void => {
    performed.push(command);
    command.reply({ ok: true, result: { done: command.command } });
  };
  http = openHttp({ ...testView(config), perform }, { version: "1.2.3", log });
  await http.tried;
  url = http.url()!;
}

async function withTokens(): Promise<void> {
  const folder = temporaryFolder();
  const files = { tokenFile: join(folder, "act"), viewTokenFile: join(folder, "look") };
  await writeFile(files.tokenFile, ACT);
  await writeFile(files.viewTokenFile, LOOK);
  await start(files);
}

type Headers = Record<string, string>;
const own = (): Headers => ({ origin: new URL(url).origin, "content-type": "application/json" });
const post = (path: string, headers: Headers, body: object = {}) =>
  fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) });
const command = (headers: Headers, body: object = { id: "1", camera: "cam1" }) =>
  post("/api/commands/enable", headers, body);
const outcome = async (response: Response) => {
  const { error } = (await response.json()) as { error?: { code: string } };
  return [response.status, error?.code ?? "ok"];
};
const session = async (token?: string) => {
  const response = await post("/api/session", own(), token === undefined ? {} : { token });
  const set = response.headers.get("set-cookie") ?? "";
  return { response, set, cookie: set.split(";")[0]! };
};

test("a token is exchanged once for a cookie that no script reads and no other site sends", async () => {
  await withTokens();
  const { response, set, cookie } = await session(ACT);
  assert.is(response.status, 200);
  const answer = (await response.json()) as SessionAnswer;
  assert.equal(answerFaults("Session", answer), []);
  assert.equal([answer.role, answer.tokenNeeded], ["act", true]);
  assert.match(set, /^retort_session_[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
  assert.not(set.includes(ACT));
  assert.equal(await outcome(await command({ ...own(), cookie })), [200, "ok"]);
  assert.equal(performed[0]!.from, { role: "act", address: "127.0.0.1", session: answer.session!.id });
  assert.is(performed[0]!.by, `127.0.0.1, session ${answer.session!.id}`);
  assert.ok(
    lines.some((line) => line.includes(answer.session!.id)),
    "its beginning is logged",
  );
  assert.not(
    lines.some((line) => line.includes(cookie.split("=")[1]!)),
    "its name is not",
  );
});

test("a wrong token begins no session, and guessing ends in silence for the right one, too", async () => {
  await withTokens();
  for (const wrong of ["", "x", `${ACT}x`, LOOK.slice(1)]) {
    const { response, set } = await session(wrong);
    assert.equal([...(await outcome(response)), set], [401, "HTTP_UNAUTHORIZED", ""], wrong);
  }
  assert.is((await session()).response.status, 401, "none");
  for (let n = 0; n < 6; n += 1) await session(`guess-${n}`);
  assert.equal(await outcome((await session(ACT)).response), [429, "HTTP_TOO_MANY_FAILURES"]);
});

test("one address cannot fill the log, and the places of others, with sessions", async () => {
  await start();
  const statuses: number[] = [];
  for (let n = 0; n < 25; n += 1) statuses.push((await session()).response.status);
  assert.equal([statuses.filter((status) => status === 200).length, statuses.at(-1)], [20, 429]);
  assert.equal(await outcome((await session()).response), [429, "HTTP_TOO_MANY_SESSIONS"]);
  assert.is((await fetch(new URL("/api/cameras", url))).status, 200);
});

test("who may look sees everything, and gives no command and no picture to be judged", async () => {
  await withTokens();
  const { cookie } = await session(LOOK);
  const bearer = { authorization: `Bearer ${LOOK}` };
  for (const shown of [{ cookie }, bearer]) {
    for (const path of ["/api/cameras", "/api/commands", "/metrics", "/api/session"]) {
      assert.is((await fetch(new URL(path, url), { headers: shown as Headers })).status, 200, path);
    }
    assert.equal(await outcome(await command({ ...own(), ...shown })), [403, "HTTP_LOOKS_ONLY"]);
    const jpeg = { ...own(), ...shown, "content-type": "image/jpeg" };
    assert.equal(await outcome(await post("/api/inspect/cam1", jpeg)), [403, "HTTP_LOOKS_ONLY"]);
  }
  assert.equal(performed, []);
});

test("a program acts with its token in the request itself; without one nobody is answered", async () => {
  await withTokens();
  const json = { "content-type": "application/json" };
  assert.equal(await outcome(await command({ ...json, authorization: `Bearer ${ACT}` })), [200, "ok"]);
  assert.equal(performed[0]!.from, { role: "act", address: "127.0.0.1", session: null });
  assert.equal(await outcome(await command(own())), [401, "HTTP_UNAUTHORIZED"]);
  assert.equal(await outcome(await command({ ...own(), cookie: "retort_session_00000000=x" })), [
    401,
    "HTTP_UNAUTHORIZED",
  ]);
});

test("another site's page can neither act by a browser's cookie, nor begin a session, nor look", async () => {
  for (const isTokenNeeded of [true, false]) {
    if (isTokenNeeded) await withTokens();
    else await start();
    const { cookie } = await session(isTokenNeeded ? ACT : undefined);
    const foreign: readonly Headers[] = [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: "http://127.0.0.1:1" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: new URL(url).origin, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) {
      const sent = { cookie, "content-type": "application/json", ...headers };
      assert.equal(await outcome(await command(sent)), [403, "HTTP_ORIGIN_REFUSED"], JSON.stringify(headers));
      assert.equal(await outcome(await post("/api/session", sent)), [403, "HTTP_ORIGIN_REFUSED"]);
    }
    const unproven = { cookie, "content-type": "application/json" };
    assert.equal(await outcome(await command(unproven)), [403, "HTTP_ORIGIN_UNPROVEN"]);
    assert.equal(await outcome(await post("/api/session", unproven)), [403, "HTTP_ORIGIN_UNPROVEN"]);
    // What a form can send without asking first.
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      assert.is((await command({ ...own(), cookie, "content-type": type })).status, 415, type);
    }
    assert.equal(performed, []);
    if (isTokenNeeded) await http.close();
  }
});

test("without a token, on loopback, the agent's own page acts, with a session or without", async () => {
  await start();
  assert.equal(await outcome(await command(own())), [200, "ok"]);
  assert.equal(await outcome(await command({ "content-type": "application/json", "sec-fetch-site": "same-origin" })), [
    200,
    "ok",
  ]);
  const { response, cookie } = await session();
  const { session: begun, tokenNeeded } = (await response.json()) as SessionAnswer;
  assert.is(tokenNeeded, false);
  await command({ ...own(), cookie });
  assert.is(performed.at(-1)!.from!.session, begun!.id);
});

test("a session that is ended opens nothing any more, and the events that it opened end", async () => {
  await withTokens();
  const { cookie } = await session(LOOK);
  const events = await readEvents(new URL("/api/events", url), { cookie });
  assert.is((await events.next("snapshot")).role, "look");
  const ended = await fetch(new URL("/api/session", url), {
    method: "DELETE",
    headers: { origin: new URL(url).origin, cookie },
  });
  assert.is(ended.status, 204);
  assert.match(ended.headers.get("set-cookie")!, "Max-Age=0");
  await events.ended();
  assert.is((await fetch(new URL("/api/cameras", url), { headers: { cookie } })).status, 401);
});

test("the page is served without a token, and holds nothing; what runs in it comes from the agent alone", async () => {
  await withTokens();
  const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const page = await fetch(url, { headers: browser });
  assert.equal(
    [page.status, page.headers.get("content-type"), page.headers.get("vary")],
    [200, "text/html; charset=utf-8", "Accept"],
  );
  const policy = page.headers.get("content-security-policy")!;
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) {
    assert.ok(policy.split("; ").includes(part), part);
  }
  assert.not.match(policy, "unsafe");
  assert.not.match(await page.text(), "cam1");
  assert.is((await fetch(url)).status, 401, "what programs are told needs the token");
  for (const path of ["/index.html", "/..%2fopen.js", "/open.js"]) {
    assert.is((await fetch(new URL(path, url))).status, 401, path);
  }
});

test("two roles do not share one token, nor does one to look stand alone", async () => {
  const file = join(temporaryFolder(), "token");
  await writeFile(file, ACT);
  await start({ tokenFile: file, viewTokenFile: file });
  assert.is(url, null);
  assert.ok(lines.some((line) => line.includes("HTTP_TOKENS_ALIKE")));
});

test.run();
