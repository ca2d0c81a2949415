import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { notifySocket } from "../support/notify-socket.js";
import { bare } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("`retort run` under systemd");
const HELD_MS = 2_000;

/** A module that holds a process's main thread for a while when it is told to. */
const HOLDING = `
import { isMainThread } from "node:worker_threads";
if (isMainThread) process.on("SIGUSR2", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HELD_MS}));
`;

test("it is ready and the watchdog is fed though a camera is unplugged and the broker is away; not while its main thread is held", async () => {
  const folder = temporaryFolder();
  const [notify, module, file, pictures] = ["notify", "holding.mjs", "retort.yaml", "pictures"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(module, HOLDING);
  await writeStormPictures(pictures);
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: "mqtt://127.0.0.1:1" },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [
      stormCamera(pictures, 20),
      { id: "unplugged", model: "tiny", source: { type: "rtsp", url: "rtsp://127.0.0.1:1/" } },
    ],
    http: { port: 0 },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  const socket = await notifySocket(notify);
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const agent = spawn(process.execPath, ["--import", pathToFileURL(module).href, main, "run", "--config", file], {
    env: bare({ NOTIFY_SOCKET: notify, WATCHDOG_USEC: "900000" }),
    stdio: "ignore",
  });
  const exit = once(agent, "exit");
  const lines = (): string[] => socket.heard.flatMap((text) => text.split("\n"));
  const fed = (): number => lines().filter((line) => line === "WATCHDOG=1").length;
  try {
    await until(() => lines().includes("READY=1"), "it is ready", 20_000);
    assert.is(lines()[0], "STATUS=starting");
    assert.ok(lines().indexOf("EXTEND_TIMEOUT_USEC=30000000") < lines().indexOf("READY=1"));
    await until(() => fed() > 5, "the watchdog is fed");
    const status = lines()
      .filter((line) => line.startsWith("STATUS="))
      .at(-1)!;
    assert.match(status, /^STATUS=1 of 2 cameras deliver, model tiny; unplugged no-signal: .*; the broker is away$/);
    const before = socket.heard.length;
    agent.kill("SIGUSR2");
    await until(() => socket.heard.length > before + 3, "the watchdog is fed again", HELD_MS + 5_000);
    const gaps = socket.atMs.slice(before).map((atMs, index) => atMs - socket.atMs[before + index - 1]!);
    assert.ok(Math.max(...gaps) > HELD_MS - 300, `told every ${gaps.map(Math.round).join(", ")} ms`);
  } finally {
    agent.kill("SIGTERM");
    await exit;
    await socket.close();
  }
  assert.is(agent.exitCode, 0);
  assert.is(socket.heard.at(-1), "STOPPING=1\nSTATUS=stopping");
});

test.run();
