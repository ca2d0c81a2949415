/** Every secret against every place that uses it, and every place that shows it: masking touches only what is shown. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { createGstreamerSource } from "../../agent/capture/gstreamer.js";
import { launchLine } from "../../agent/capture/launch/sources.js";
import { printable } from "../../agent/cli/terminal.js";
import { concealing, mask, maskText } from "../../config/mask.js";
import { readSecretFileSync } from "../../config/secret-file.js";
import type { RtspSource } from "../../config/types.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("every secret");

interface Binding {
  readonly Pipeline: new (launch: string) => { findChild(name: string): Record<string, unknown> };
}
const { Pipeline } = createRequire(import.meta.url)("gstreamer-superficial") as Binding;

/** What masks look for, and what parsers trip over: a password may be any of it. */
const words = [
  "Password1",
  "token",
  "secret",
  "user-pw=x",
  "hunter2",
  "api-key",
  "NULL",
  "mqtt://u:p@h",
  '{"password":"p"}',
];
const signs = ['"', "'", "\\", ":", "!", "=", "@", "/", " ", ",", "ä", "$", "#", "(", ")", "*"];
const piece = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...signs), fc.string({ maxLength: 4 }));
/** Of the first line of a file, at least three characters: any text is full of shorter ones. */
const secrets = fc
  .array(piece, { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(""))
  .filter((secret) => secret.trim() === secret && secret.length > 2 && !/[\0\r\n]/.test(secret));

const view = {
  input: { width: 16, height: 16 },
  roi: { x: 0, y: 0, width: 1, height: 1 },
  board: "generic" as const,
};
const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

function rtsp(username: string): RtspSource {
  return { type: "rtsp", url: "rtsp://127.0.0.1:1/s", latencyMs: 0, transport: "tcp", codec: "mjpeg", username };
}

test("GStreamer gets a camera's user and password as they are", () => {
  fc.assert(
    fc.property(secrets, secrets, (user, password) => {
      const line = launchLine(rtsp(user), view, password).replace("rtspsrc ", "rtspsrc name=camera ");
      const camera = new Pipeline(line).findChild("camera");
      assert.equal([camera["user-id"], camera["user-pw"]], [user, password]);
    }),
    {
      numRuns: 100,
      examples: [
        ["viewer", "Password1"],
        ["a\\", '"b"'],
      ],
    },
  );
});

test("a launch line runs as it was written, whatever words stand in it", async () => {
  await fc.assert(
    fc.asyncProperty(secrets, async (secret) => {
      const launch = `videotestsrc num-buffers=2 ! identity name=${quoted(secret)} : capsfilter caps=video/x-raw`;
      const line = launchLine({ type: "gstreamer", launch, live: false }, view);
      const source = createGstreamerSource({ launch: line, input: view.input, held: 3 });
      source.start();
      const grab = await source.grab();
      await source.stop();
      assert.is(grab.kind, "picture", JSON.stringify(grab));
    }),
    { numRuns: 25 },
  );
});

test("a password's file is read as it is, from whichever editor", () => {
  const file = join(temporaryFolder(), "secret");
  fc.assert(
    fc.property(
      secrets,
      fc.constantFrom("", "\ufeff"),
      fc.constantFrom("", "\n", "\r\n", "\nmore"),
      (secret, mark, end) => {
        writeFileSync(file, `${mark}${secret}${end}`);
        assert.is(readSecretFileSync(file), secret);
      },
    ),
    { numRuns: 100 },
  );
});

/** Whether a text shows the secret where it would not without it. */
function shows(text: string, without: string, secret: string): boolean {
  return text.split(secret).length > without.split(secret).length;
}

test("nothing that is shown holds it: launch lines, GStreamer's words about them, addresses, JSON, configurations", () => {
  fc.assert(
    fc.property(secrets, (secret) => {
      const line = (value: string) => launchLine(rtsp("viewer"), view, value);
      const said = (value: string) => `could not set property "user-pw" in element "rtspsrc0" to "${value}"`;
      const json = (value: string) => JSON.stringify({ password: value, other: 1 });
      const conceal = concealing(line(secret), [secret]);
      const places: readonly (readonly [string, (value: string) => string, (text: string) => string])[] = [
        ["launch line", line, maskText],
        ["log", line, printable],
        ["GStreamer", said, conceal],
        ["JSON", json, maskText],
      ];
      for (const [place, written, shown] of places) {
        assert.not(shows(shown(written(secret)), written("***"), secret), `${place}: ${shown(written(secret))}`);
      }
      assert.equal(mask({ password: secret, tokens: { a: secret } }), { password: "***", tokens: "***" });
    }),
    { numRuns: 500 },
  );
});

test.run();
