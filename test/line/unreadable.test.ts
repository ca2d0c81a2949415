import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { watchCamera } from "../../agent/capture/camera.js";
import type { HealthPayload, StatePayload } from "../../agent/contract/payloads.js";
import { unreadableLog } from "../../agent/line/unreadable-log.js";
import type { SourceConfig } from "../../config/types.js";
import { writePng } from "../../models/pictures/images.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("pictures that cannot be read");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

async function folderOf(files: Readonly<Record<string, "good" | "broken">>): Promise<string> {
  const path = temporaryFolder();
  for (const [name, kind] of Object.entries(files)) {
    if (kind === "broken") await writeFile(join(path, name), "no picture");
    else await writePng(join(path, name), new Uint8Array(8 * 8 * 3), { width: 8, height: 8 }, 3);
  }
  return path;
}

async function start(source: SourceConfig) {
  const { deps, sent, lines } = rig([], [], { watchCamera });
  agent = await startAgent(configOf([cameraConfig("cam1", { source })]), deps);
  const last = () => of<StatePayload>(sent, "cam1/state").at(-1);
  const failed = () => of<HealthPayload>(sent, "health").at(-1)?.cameras.cam1?.failed;
  return { sent, lines, last, failed };
}

test("a folder of nothing else: the camera is at fault, and state, health and the log say why", async () => {
  const path = await folderOf({ "a.png": "broken", "b.jpg": "broken", "c.png": "broken" });
  const { sent, lines, last, failed } = await start({ type: "images", path, loop: true, watch: "off" });
  await until(() => last()?.state === "faulted", "the fault");
  assert.match(last()!.reason!, /IMAGE_UNREADABLE.*a\.png/);
  assert.not.match(last()!.reason!, path, "where the folder lies stays on this machine");
  await until(() => Number(failed()) >= 3, "the count");
  for (const name of ["a.png", "b.jpg", "c.png"]) {
    // The first one as the reason of the fault, too.
    const named = lines.filter((line) => line.includes(`cam1: IMAGE_UNREADABLE`) && line.includes(name));
    assert.ok(named.length === (name === "a.png" ? 2 : 1), `${name}: ${lines.join("; ")}`);
  }
  assert.is(of<StatePayload>(sent, "cam1/state").filter(({ state }) => state === "faulted").length, 1);
  assert.ok(of<StatePayload>(sent, "cam1/state").every(({ state, reason }) => state === "ok" || reason !== null));
});

test("one that is played once and ends without a picture that could be read is at fault, not merely idle", async () => {
  const path = await folderOf({ "a.png": "broken" });
  const { last } = await start({ type: "images", path, loop: false, watch: "off" });
  await until(() => last()?.state === "faulted", "the fault");
  assert.match(last()!.reason!, "a.png");
});

test("among good ones: each is counted and named, and the camera is well", async () => {
  const path = await folderOf({ "a.png": "good", "b.png": "broken", "c.png": "good", "d.png": "good" });
  const { lines, last, failed } = await start({ type: "images", path, loop: true, watch: "off" });
  await until(() => Number(failed()) >= 2, "two rounds");
  assert.is(last()?.state, "ok");
  assert.is(lines.filter((line) => line.includes("b.png")).length, 1, "named once, not at every round");
});

test("of thousands the log names some each minute, and how many more there were", () => {
  const logged: string[] = [];
  let nowMs = 0;
  const log = unreadableLog(
    (text) => logged.push(text),
    () => nowMs,
  );
  for (let index = 0; index < 1_000; index += 1) log(`${index}.png`);
  assert.is(logged.length, 10);
  nowMs = 60_000;
  log("last.png");
  assert.equal(logged.slice(10), ["990 more pictures could not be read", "last.png"]);
});

test.run();
