import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import type { Command } from "../../agent/contract/inbound.js";
import type { AlertPayload } from "../../agent/contract/payloads.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { sparkplugOpener } from "../../agent/sparkplug/opener.js";
import { packageRoot } from "../../config/package-root.js";
import type { Config } from "../../config/types.js";
import { fakeCamera } from "../fakes/camera.js";
import { rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, homeAssistantConfig, sparkplugConfig } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** docs/on-disk.md against what an agent leaves in its state folder. */
const test = suite("what is on disk");
let agent: RunningAgent | undefined;
test.after.each(async () => {
  await agent?.stop();
});

const page = readFileSync(join(packageRoot(), "docs/on-disk.md"), "utf8");
/** The paths that the page names in the first columns of its tables. */
const named = new Set(
  [...page.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path.replace(/\/$/, "")),
  ),
);
/** What is there for a moment only; engines, which need a GPU; what the command has GStreamer keep (test/security/home); keys; a bundle. */
const isPassing = (path: string): boolean => /\.(draft|dbtmp|new)$/.test(path);
const isElsewhere = (path: string): boolean =>
  /^(model\.|engines(\/|$)|gstreamer-registry\.bin$|odd-pictures\.|[anepsuv]\/|meta$)/.test(path);
/** A folder of which the page names what is in it. */
const isSpreadOut = (path: string): boolean => ["evidence", "frames", "feedback", "verdict-seq"].includes(path);

/** The files below a folder, and the folders that lie in it itself, in the page's words. */
function inWordsOfThePage(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.includes("/") || statSync(join(folder, path)).isFile())
    .filter((path) => !isSpreadOut(path))
    .filter((path) => !/\.damaged-\d+\//.test(path))
    .map((path) =>
      path
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "<alert id>")
        .replace(/\/cam1(?=\/|$)/, "/<camera>")
        .replace(/\d{6}/, "<number>")
        .replace(/(before|damaged)-\d+/, "$1-<n>")
        .replace(/(not_a_)?defect/, "<verdict>"),
    );
}

/** A run of an agent with an embedded broker: alerts with their pictures, a threshold and a verdict by command. */
async function run(config: Config, verdict: "defect" | "not_a_defect"): Promise<void> {
  const camera = fakeCamera("cam1", null);
  const command$ = new Subject<Command>();
  const alerts: AlertPayload[] = [];
  const { deps } = rig([camera], ["cam1"], {
    openPublisher: async (whole, log, outbox) => {
      outbox.added$.subscribe((alert) => alerts.push(alert));
      return { ...(await openMqtt(whole, log, outbox)), command$ };
    },
    openSparkplug: await sparkplugOpener(config),
  });
  const running = await startAgent(config, deps);
  agent = running;
  await running.started;
  const ask = (command: string, args: object) =>
    new Promise<void>((resolve, reject) => {
      const reply: Command["reply"] = (outcome) => (outcome.ok ? resolve() : reject(new Error(outcome.message)));
      command$.next({ command, id: "1", args: { id: "1", ...args }, via: "mqtt", by: null, fault: null, reply });
    });
  const folder = join(config.state.path, "evidence");
  const pictures = () => (existsSync(folder) ? readdirSync(folder).length : 0);
  const before = pictures();
  const raised = () => alerts.filter(({ phase }) => phase === "raised");
  for (const [index, level] of [10, 10, 250, 250, 10, 10, 250, 250, 10, 10, 250, 250].entries()) {
    camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level) });
    await until(() => running.cameras[0]!.ledger.counts().scored === index + 1, "the frame is judged");
  }
  await until(() => raised().length === 3, "the alerts");
  await ask("threshold", { camera: "cam1", threshold: verdict === "defect" ? 0.4 : 0.45 });
  await ask("feedback", { alert: raised()[0]!.id, verdict });
  await until(() => pictures() === before + 3, "the pictures are kept");
  const frames = join(config.state.path, "frames", "cam1");
  const moments = () =>
    readdirSync(frames, { recursive: true, encoding: "utf8" }).filter((path) => /before-/.test(path));
  await until(() => moments().length > 0, "the frames before an alert");
}

test("every file that an agent leaves in its state folder is on the page, after damage and restarts, too; and no other", async () => {
  const config = configOf([cameraConfig("cam1", { parts: { ...cameraConfig("cam1").parts, per: "frame" } })], {
    homeAssistant: homeAssistantConfig(),
    sparkplug: sparkplugConfig(),
  });
  const state = config.state.path;
  const seen = new Set<string>();
  const look = (): void => {
    for (const path of inWordsOfThePage(state)) seen.add(path);
  };
  // The port that the embedded broker had the last time is somebody else's now.
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = `${typeof address === "object" ? address?.port : 0}\n`;
  writeFileSync(join(state, "broker-port"), port);
  await run(config, "defect").finally(() => taken.close());
  look();
  await agent!.stop();
  look();
  assert.is.not(readFileSync(join(state, "broker-port"), "utf8"), port);
  for (const database of ["outbox", "history"]) rmSync(join(state, database, "CURRENT"));
  writeFileSync(join(state, "settings.json"), "{");
  await run(config, "not_a_defect");
  look();
  await agent!.stop();
  await run(config, "defect");
  look();
  assert.equal(
    [...seen].filter((path) => !named.has(path)),
    [],
    "files that the page does not name",
  );
  assert.equal(
    [...named].filter((path) => !seen.has(path) && ![isPassing, isElsewhere, isSpreadOut].some((is) => is(path))),
    [],
    "files of the page that no agent leaves",
  );
});

test.run();
