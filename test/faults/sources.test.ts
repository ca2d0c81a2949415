import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { accountsThatDoNotAddUp } from "../soak/health.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, startMosquitto, subscribe } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** Cameras that fail at the start, in the middle, again and again, or change, beside one that is well: `retort run`, real sources. */
const test = suite("faulty sources beside a good one");
const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));
const live = (launch: string) => ({ type: "gstreamer", launch, live: true });
const pictures = (pattern: string, width: number, height: number, rest = "") =>
  `videotestsrc ${rest} pattern=${pattern} ! video/x-raw,width=${width},height=${height},framerate=20/1`;

test("each says what is wrong, the accounts add up, the good one keeps its pace", async () => {
  const broker = await startMosquitto();
  const subscriber = await subscribe(broker.port, "retort/line-7/#");
  const folder = temporaryFolder();
  const nobody = await freePort();
  await writeFile(join(folder, "empty.mkv"), "");
  const sources: Record<string, object> = {
    good: live(pictures("smpte", 320, 240, "is-live=true")),
    empty: { type: "file", path: join(folder, "empty.mkv") },
    refused: { type: "rtsp", url: `rtsp://127.0.0.1:${nobody}/line` },
    unknown: live("nosuchelement"),
    breaks: live(`${pictures("smpte", 320, 240, "is-live=true")} ! identity error-after=5`),
    ends: live(pictures("smpte", 320, 240, "num-buffers=3 is-live=true")),
    grows: {
      type: "gstreamer",
      live: false,
      launch: `${pictures("white", 160, 120, "num-buffers=40")} ! c. ${pictures("white", 640, 480, "num-buffers=200")} ! c. concat name=c`,
    },
  };
  // Test patterns are no view of a part.
  const rest = { model: "plate", fps: 20, health: { enabled: false } };
  const cameras = Object.entries(sources).map(([id, source]) => ({ id, source, ...rest }));
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker.url },
    models: { plate: { path: await writeTinyBundle() } },
    cameras,
    http: { port: 0 },
    state: { path: join(folder, "state") },
  };
  const file = join(folder, "retort.yaml");
  await writeFile(file, stringify(config));
  const agent = spawn(process.execPath, [main, "run", "--config", file], { stdio: "ignore" });
  const exit = once(agent, "exit");
  const of = (name: string) => subscriber.of(`retort/line-7/${name}`);
  try {
    for (const id of ["empty", "refused", "unknown", "breaks", "ends"]) {
      const told = () => of(`${id}/state`).find(({ state }) => state === "no-signal");
      await until(() => told() !== undefined, `${id} is no-signal`, 15_000);
      assert.ok(String(told()!.reason).length > 10, `${id}: ${told()!.reason}`);
    }
    const widths = () =>
      of("grows/alert").flatMap(({ regions }) => (regions as { width: number }[]).map((r) => r.width));
    await until(() => widths().includes(640), "regions in the pixels of the larger picture", 15_000);
    assert.is(widths()[0], 160);
    const before = of("good/score").length;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const perSecond = (of("good/score").length - before) / 2;
    assert.ok(perSecond > 15, `${perSecond} of 20 frames a second`);
    assert.ok(of("breaks/score").length > 5, "it comes back each time");
    await until(() => of("health").length > 0, "health", 12_000);
    assert.equal(accountsThatDoNotAddUp("line-7", of("health")), []);
  } finally {
    const began = performance.now();
    agent.kill("SIGTERM");
    const [status] = await exit;
    assert.is(status, 0);
    assert.ok(performance.now() - began < 5_000);
    await subscriber.stop();
    await broker.stop();
  }
});

test.run();
