/** An agent in a process of its own that is killed while an engine is built. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { packageRoot } from "../../config/package-root.js";
import { writePng } from "../../models/pictures/images.js";
import { temporaryFolder } from "../support/config.js";
import { bare } from "../support/retort.js";
import { builder, script, variables } from "../support/scripted-binding.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("an agent killed during a build");
const LIMIT_MS = 40_000;

function isThere(process_: number): boolean {
  try {
    return process.kill(process_, 0);
  } catch {
    return false;
  }
}

test("its builder ends with it, and what was half built is no engine", async () => {
  script({ build: "hang" });
  const folder = temporaryFolder();
  const [pictures, state, file] = ["pictures", "state", "line.yaml"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(pictures);
  await writePng(join(pictures, "grey.png"), new Uint8Array(768).fill(51), { width: 16, height: 16 }, 3);
  const config = {
    mqtt: { url: "mqtt://127.0.0.1:1" },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [{ id: "cam1", model: "tiny", source: { type: "images", path: pictures }, health: { enabled: false } }],
    ...{ http: { enabled: false }, state: { path: state } },
  };
  writeFileSync(file, stringify(config));
  const child = spawn(process.execPath, [join(packageRoot(), "dist/agent/main.cjs"), "run", "--config", file], {
    env: bare(variables),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    await until(() => builder() !== null || child.exitCode !== null, `a builder: ${log}`, LIMIT_MS);
    await until(() => /building-engine/.test(log), "the log", LIMIT_MS);
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
  await until(() => !isThere(builder()!), "the end of the builder", LIMIT_MS);
  const engines = join(state, "engines");
  const [draft, ...others] = readdirSync(engines);
  assert.match(draft!, /\.draft$/);
  assert.equal(others, []);
  const store = new EngineStore(engines);
  assert.is(await store.find(draft!.replace(".draft", "")), null);
  await store.sweepDrafts();
  assert.equal(readdirSync(engines), []);
});

test.run();
