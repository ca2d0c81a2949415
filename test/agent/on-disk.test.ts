import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { AlertPayload } from "../../agent/contract/payloads.js";
import { packageRoot } from "../../config/package-root.js";
import { of } from "../support/agent-rig.js";
import { commandRig, type Line, result } from "../support/command-rig.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** docs/on-disk.md against what an agent leaves in its state folder. */
const test = suite("what is on disk");
const { start, current } = commandRig(test);
const bad = 250;
const good = 10;

const page = readFileSync(join(packageRoot(), "docs/on-disk.md"), "utf8");
/** The paths that the page names in the first columns of its tables. */
const named = new Set(
  [...page.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path.replace(/\/$/, "")),
  ),
);

/** The files in a folder and below, and the folders that lie in it itself, in the page's words. */
function inWordsOfThePage(folder: string): Set<string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return new Set(
    paths
      .filter((path) => !path.includes("/") || statSync(join(folder, path)).isFile())
      // What is in a damaged database is as what is in a sound one.
      .filter((path) => !/^\w+\.damaged-\d+\//.test(path))
      .map(wordsFor)
      .filter((path) => !["evidence", "frames", "feedback"].includes(path)),
  );
}

function wordsFor(path: string): string {
  return path
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "<alert id>")
    .replace(/\/cam1\//, "/<camera>/")
    .replace(/\d{6}/, "<number>")
    .replace(/(before|damaged)-\d+/, "$1-<n>")
    .replace(/(not_a_)?defect/, "<verdict>");
}

async function storm(line: Line): Promise<void> {
  const alerts = () => of<AlertPayload>(line.sent, "cam1/alert").filter(({ phase }) => phase === "raised");
  const before = alerts().length;
  for (let n = 1; n <= 3; n += 1) {
    await line.show(good, good, bad, bad);
    await until(() => alerts().length === before + n, "the alert");
  }
  const { id } = alerts().at(-1)!;
  result(await line.ask("threshold", { camera: "cam1", threshold: 0.4 + before / 100 }));
  result(await line.ask("feedback", { alert: id, verdict: before === 0 ? "defect" : "not_a_defect" }));
  const kept = () => readdirSync(join(line.config.state.path, "evidence")).length;
  await until(() => kept() === before + 3, "the pictures are kept");
}

test("every file that an agent leaves in its state folder is on the page, after damage and restart, too; and no other", async () => {
  const line = await start();
  const state = line.config.state.path;
  const seen = new Set<string>();
  const look = (): void => {
    for (const path of inWordsOfThePage(state)) seen.add(path);
  };
  await storm(line);
  look();
  await current().stop();
  look();
  for (const database of ["outbox", "history"]) rmSync(join(state, database, "CURRENT"));
  writeFileSync(join(state, "settings.json"), "{");
  await storm(await start(line.config));
  look();
  await current().stop();
  await start(line.config);
  look();
  assert.equal(
    [...seen].filter((path) => !named.has(path)),
    [],
    "files that the page does not name",
  );
  const passing = /\.(draft|dbtmp|new)$/;
  const ofTheState = [...named].filter((path) => !/^(model|[anesu]\/|meta$|<out>)/.test(path) && !passing.test(path));
  assert.equal(
    ofTheState.filter((path) => !seen.has(path) && !["evidence", "frames", "feedback"].includes(path)),
    [],
    "files of the page that no agent leaves",
  );
});

test.run();
