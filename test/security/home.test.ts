import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
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
    cameras: [
      stormCamera(pictures, 20),
      { id: "gst", model: "tiny", source: { type: "gstreamer", launch: "videotestsrc is-live=true" } },
    ],
    http: { enabled: false },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  const registry = join(folder, "state/gstreamer-registry.bin");
  const enough = (text: string): boolean => text.includes("the first picture is judged") && existsSync(registry);
  await retortUntil(enough, ["--config", file], { HOME: home });
  assert.equal(below(home), []);
  await retort(["inspect", "--model", model, join(pictures, readdirSync(pictures)[0]!)], { env: { HOME: home } });
  assert.equal(below(home), []);
});

test.run();
