import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { StartPhases } from "../../agent/cli/start-phases.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { retort, retortUntil } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("a start");

async function lineOf(): Promise<{ readonly file: string; readonly state: string }> {
  const folder = temporaryFolder();
  const [file, pictures, state] = [join(folder, "line.yaml"), join(folder, "pictures"), join(folder, "state")];
  await writeStormPictures(pictures);
  const config = {
    mqtt: { url: "mqtt://127.0.0.1:1" },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [stormCamera(pictures, 20)],
    http: { enabled: false },
    state: { path: state },
  };
  writeFileSync(file, stringify(config));
  return { file, state };
}

test("it says how long the first picture took, by phase", async () => {
  const { file } = await lineOf();
  const { status, stderr } = await retortUntil(
    (text) => text.includes("the first picture is judged"),
    ["--config", file],
  );
  assert.is(status, 0);
  const [, told = ""] = /the first picture is judged [\d.]+ s after the start: (.*)/.exec(stderr) ?? [];
  const phases = ["program", "configuration", "code", "state", "broker", "model", "picture", "judged"];
  assert.equal(
    told
      .split(", ")
      .map((phase) => phase.split(" ")[0])
      .sort(),
    phases.sort(),
  );
});

test("one that is refused ends at once, though a model is being loaded", async () => {
  const { file, state } = await lineOf();
  const store = await openLevelStore(join(state, "outbox"), { onTrouble: () => undefined });
  try {
    const { status, stderr } = await retort(["run", "--config", file]);
    assert.is(status, 1);
    assert.match(stderr, "STORE_LOCKED");
  } finally {
    await store.close();
  }
});

test("phases are told in the order of their ends, each by its first", () => {
  const phases = new StartPhases();
  phases.ended("judged", 2_345);
  phases.ended("program", 200);
  phases.ended("program", 900);
  assert.is(phases.line(), "the first picture is judged 2.35 s after the start: program 0.20, judged 2.35");
});

test.run();
