import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { PictureVerdict } from "../../agent/contract/picture-verdict.js";
import { type Http, openHttp } from "../../agent/http/open.js";
import type { FoundJudge } from "../../agent/http/view.js";
import { type LoadedModel, loadModel } from "../../agent/inference/load.js";
import { pictureJudges } from "../../agent/line/picture-judges.js";
import { goldenPictures } from "../../agent/self-test/golden-pictures.js";
import { packageRoot } from "../../config/package-root.js";
import { fakeEngine } from "../fakes/engine.js";
import { cameraConfig, inferenceConfig, temporaryFolder } from "../support/config.js";
import { answerFaults } from "../support/openapi.js";
import { pngOf } from "../support/png.js";
import { sendRaw } from "../support/raw-http.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { testView } from "../support/view.js";

const test = suite("HTTP: a picture is judged");
const lines: string[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (text: string) => lines.push(text) };
let http: Http | undefined;
test.before.each(() => {
  lines.length = 0;
});
test.after.each(async () => {
  await http?.close();
  assert.equal(lines, [], "nothing that a client sends is a fault of the agent's own");
});

async function start(judgeOf: (name: string) => FoundJudge, config: Parameters<typeof testView>[0] = {}) {
  http = openHttp({ ...testView(config), judgeOf }, { version: "1.2.3", log });
  await http.tried;
}

const JPEG = { "content-type": "image/jpeg" };
const send = (name: string, body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = JPEG) =>
  fetch(new URL(`/api/inspect/${name}`, http!.url()!), { method: "POST", body, headers });
async function judged(name: string, body: Uint8Array<ArrayBuffer>): Promise<PictureVerdict> {
  const response = await send(name, body);
  const verdict = (await response.json()) as PictureVerdict;
  assert.equal([response.status, answerFaults("PictureVerdict", verdict)], [200, []], JSON.stringify(verdict));
  return verdict;
}
async function refused(response: Response): Promise<readonly [status: number, code: string]> {
  const body: unknown = await response.json();
  assert.equal(answerFaults("Error", body), []);
  return [response.status, (body as { error: { code: string } }).error.code];
}

/** 64 x 32, grey, with a white block of 8 x 8. */
function blockAt(left: number, top: number): Buffer {
  const size = { width: 64, height: 32 };
  const pixels = new Uint8Array(size.width * size.height * 3).fill(20);
  for (let y = top; y < top + 8; y += 1) {
    pixels.fill(255, 3 * (y * size.width + left), 3 * (y * size.width + left + 8));
  }
  return pngOf(pixels, size);
}
const bytes = (buffer: Buffer) => new Uint8Array(buffer);

const RIGHT_HALF = { x: 0.5, y: 0, width: 0.5, height: 1 };

/** Two cameras and a model that is the red channel: cam1 looks at the right half, cam2 is disabled and has no model. */
function judges(options: Parameters<typeof fakeEngine>[0] = {}, healthy = true) {
  const model: LoadedModel = { engine: fakeEngine(options), calibration: null };
  const base = cameraConfig("cam1");
  const health = { ...base.health, enabled: healthy };
  const camera = { config: { ...base, roi: RIGHT_HALF, health }, enabled: true, model: () => model };
  return pictureJudges({
    cameras: [
      { ...camera, threshold: () => 0.9 },
      { ...camera, config: { ...base, id: "cam2" }, enabled: false, model: () => null, threshold: () => null },
      { ...camera, config: { ...base, id: "cam3" }, model: () => null, threshold: () => null },
    ],
    modelNames: ["plate", "cam1", "unused"],
    models: new Map([["plate", model]]),
  });
}

test("a camera's name: its region of interest, its threshold in force; regions in the picture's own pixels", async () => {
  await start(judges());
  const bad = await judged("cam1", bytes(blockAt(48, 8)));
  assert.equal([bad.verdict, bad.reason, bad.score, bad.threshold, bad.model.name], ["ng", null, 1, 0.9, "tiny"]);
  const [region] = bad.regions;
  assert.is(bad.regions.length, 1);
  assert.ok(Math.abs(region!.x - 48) <= 2 && Math.abs(region!.y - 8) <= 2, JSON.stringify(region));
  assert.ok(Math.abs(region!.width - 8) <= 4 && Math.abs(region!.height - 8) <= 4, JSON.stringify(region));
  const outside = await judged("cam1", bytes(blockAt(8, 8)));
  assert.equal([outside.verdict, outside.regions], ["ok", []]);
});

test("a model's name: the whole picture, its bundle's threshold", async () => {
  await start(judges({ threshold: 0.7 }));
  const { verdict, threshold, regions } = await judged("plate", bytes(blockAt(8, 16)));
  assert.equal([verdict, threshold, regions.length], ["ng", 0.7, 1]);
  assert.ok(Math.abs(regions[0]!.x - 8) <= 4 && Math.abs(regions[0]!.y - 16) <= 2, JSON.stringify(regions));
});

test("what shows no part or cannot be read whole is unknown, with the reason, and no path of this machine", async () => {
  await start(judges());
  const size = { width: 64, height: 32 };
  const black = bytes(pngOf(new Uint8Array(3 * 64 * 32), size));
  const dark = await judged("cam1", black);
  assert.equal([dark.verdict, dark.score, dark.regions], ["unknown", null, []]);
  assert.match(dark.reason!, /^IMAGE_BLACK: /);
  const jpeg = await readFile(join(packageRoot(), "models/demo/picture.jpg"));
  for (const damaged of [jpeg.subarray(0, jpeg.length >> 1), jpeg.subarray(0, 4), blockAt(8, 8).subarray(0, 90)]) {
    const { verdict, reason, score, threshold } = await judged("cam1", bytes(damaged));
    assert.equal([verdict, score, threshold], ["unknown", null, 0.9]);
    assert.match(reason!, /^IMAGE_UNREADABLE: cannot read the picture: /);
    assert.not.match(reason!, "/");
  }
  await http!.close();
  await start(judges({}, false));
  assert.is((await judged("cam1", black)).verdict, "ok", "where the camera does not look for it");
});

test("who is asked for must be there: 404, 409 for a disabled camera, 503 while the model is not loaded", async () => {
  await start(judges());
  const picture = bytes(blockAt(8, 8));
  assert.equal(await refused(await send("nobody", picture)), [404, "HTTP_INSPECT_UNKNOWN"]);
  assert.match(await (await send("nobody", picture)).text(), "there are cam1, ");
  assert.equal(await refused(await send("__proto__", picture)), [404, "HTTP_INSPECT_UNKNOWN"]);
  assert.equal(await refused(await send("cam2", picture)), [409, "HTTP_CAMERA_DISABLED"]);
  for (const name of ["cam3", "unused"]) {
    const response = await send(name, picture);
    assert.is(response.headers.get("retry-after"), "1");
    assert.equal(await refused(response), [503, "HTTP_MODEL_AWAY"]);
  }
});

test("what is no JPEG or PNG by its first bytes, empty or too large is refused", async () => {
  await start(judges());
  const text = (it: string) => new Uint8Array(Buffer.from(it));
  for (const other of ["<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7", "BM......", "II*\0", "{}"]) {
    assert.equal(await refused(await send("cam1", text(other))), [415, "HTTP_MEDIA_TYPE"], other);
  }
  const picture = bytes(blockAt(8, 8));
  for (const type of [
    "text/plain",
    "multipart/form-data; boundary=a",
    "application/x-www-form-urlencoded",
    "text/html",
  ]) {
    assert.equal(await refused(await send("cam1", picture, { "content-type": type })), [415, "HTTP_MEDIA_TYPE"], type);
  }
  assert.equal(await refused(await send("cam1", new Uint8Array())), [400, "HTTP_BAD_REQUEST"]);
  assert.equal(await refused(await send("cam1", new Uint8Array(), {})), [400, "HTTP_BAD_REQUEST"]);
  const bomb = bytes(pngOf(new Uint8Array(300_000), { width: 30_000, height: 30_000 }));
  assert.equal(await refused(await send("cam1", bomb)), [413, "HTTP_PICTURE_TOO_LARGE"]);
  const head = `POST /api/inspect/cam1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: image/jpeg\r\n`;
  const large = await sendRaw(http!.url()!, `${head}Content-Length: 33554433\r\n\r\n`);
  assert.match(large, /^HTTP\/1.1 413 /);
  assert.match(large, "HTTP_BODY_TOO_LARGE");
  assert.is((await judged("cam1", picture)).verdict, "ok", "all the same the next one is judged");
});

test("no page of another origin has a picture judged; programs and the agent's own may", async () => {
  await start(judges());
  const picture = bytes(blockAt(8, 8));
  const ask = (headers: Readonly<Record<string, string>>) => send("cam1", picture, { ...JPEG, ...headers });
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: `${new URL(http!.url()!).origin}.evil.example` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    assert.equal(await refused(await ask(headers)), [403, "HTTP_ORIGIN_REFUSED"], JSON.stringify(headers));
  }
  assert.is((await ask({ origin: new URL(http!.url()!).origin })).status, 200);
  const preflight = await fetch(new URL("/api/inspect/cam1", http!.url()!), {
    method: "OPTIONS",
    headers: { origin: "http://evil.example", "access-control-request-method": "POST" },
  });
  assert.equal([preflight.status, preflight.headers.get("access-control-allow-origin")], [404, null]);
});

test("with a token nobody else has pictures judged, and nothing of theirs is read", async () => {
  const token = "0123456789abcdef-the-token";
  const tokenFile = join(temporaryFolder(), "token");
  await writeFile(tokenFile, token);
  await start(judges(), { tokenFile });
  const picture = bytes(blockAt(8, 8));
  assert.equal(await refused(await send("cam1", picture)), [401, "HTTP_UNAUTHORIZED"]);
  assert.is((await send("cam1", picture, { ...JPEG, authorization: `Bearer ${token}` })).status, 200);
});

test("one picture at a time, four at most that wait, a rest for the cameras after each", async () => {
  let running = 0;
  let most = 0;
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const delay = async () => {
    running += 1;
    most = Math.max(most, running);
    await gate;
    running -= 1;
  };
  await start(judges({ delay }));
  const picture = bytes(blockAt(8, 8));
  const four = Array.from({ length: 4 }, () => send("cam1", picture));
  await until(() => running === 1, "the first is being judged");
  let fifth = await send("cam1", picture);
  while (fifth.status === 200) fifth = await send("cam1", picture);
  assert.is(fifth.headers.get("retry-after"), "1");
  assert.equal(await refused(fifth), [503, "HTTP_INSPECT_BUSY"]);
  open!();
  for (const response of await Promise.all(four)) assert.is(response.status, 200);
  assert.is(most, 1);
  assert.is((await send("cam1", picture)).status, 200, "there is room again");
});

test("a client that goes away gives its place back, also in the middle of its picture", async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let asked = 0;
  await start(
    judges({
      delay: () => {
        asked += 1;
        return gate;
      },
    }),
  );
  const head =
    "POST /api/inspect/cam1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n";
  const { hostname, port } = new URL(http!.url()!);
  const halves = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      socket.write(`${head}\xff`);
      return socket;
    }),
  );
  const picture = bytes(blockAt(8, 8));
  /** Empty, so that it is refused either way. */
  const probe = async () => (await send("cam1", new Uint8Array())).status;
  while ((await probe()) !== 503);
  for (const socket of halves) socket.destroy();
  while ((await probe()) !== 400);
  const leaving = new AbortController();
  const url = new URL("/api/inspect/cam1", http!.url()!);
  const left = Array.from({ length: 4 }, () =>
    fetch(url, { method: "POST", body: picture, headers: JPEG, signal: leaving.signal }).catch(() => null),
  );
  await until(() => asked === 1, "the first is being judged");
  leaving.abort();
  await Promise.all(left);
  while ((await probe()) !== 400);
  open!();
  assert.is((await judged("cam1", picture)).verdict, "ok");
  assert.is(asked, 2, "nothing is judged for those who left");
});

test("the demo model over a socket: good parts ok, bad ones ng, as the camera's frames are judged", async () => {
  const model = await loadModel(join(packageRoot(), "models/demo"), {
    inference: inferenceConfig(),
    mostWaiting: 1,
    onRestart: () => undefined,
  });
  try {
    await start(pictureJudges({ cameras: [], modelNames: ["demo"], models: new Map([["demo", model]]) }));
    const { input } = model.engine;
    const test = { path: "demo", goodPath: null, everyMinutes: 60 };
    for await (const { name, bad, pixels } of goldenPictures(test, input)) {
      const { verdict, score, regions } = await judged("demo", bytes(pngOf(pixels, input)));
      assert.equal([verdict, regions.length > 0], [bad ? "ng" : "ok", bad], `${name}: ${score}`);
    }
  } finally {
    await model.engine.close();
  }
});

test.run();
