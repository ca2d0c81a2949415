import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { retort, retortUntil } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("the home of the agent's user");

/** All below a folder. */
const below = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String);

test("nothing is written there: no telemetry of ONNX Runtime's, no registry of GStreamer's", async () => {
  const folder = temporaryFolder();
  const [home, pictures, file] = [join(folder, "home"), join(folder, "pictures"), join(folder, "line.yaml")];
  mkdirSync(home);
  await writeStormPictures(pictures);
  const model = await writeTinyBundle();
  const config = {
    mqtt: { url: "mqtt://127.0.0.1:1" },
    models: { tiny: { path: model } },
    cameras: [stormCamera(pictures, 20), { id: "demo", model: "tiny", source: { type: "demo" } }],
    http: { enabled: false },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  await retortUntil((text) => text.includes("the first picture is judged"), ["--config", file], { HOME: home });
  assert.equal(below(home), []);
  await retort(["inspect", "--model", model, join(pictures, readdirSync(pictures)[0]!)], { env: { HOME: home } });
  assert.equal(below(home), []);
  await retort(["doctor", "--config", file], { env: { HOME: home } });
  assert.equal(
    below(home).filter((path) => path.includes("Microsoft")),
    [],
  );
});

test.run();
