import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openSettings } from "../../agent/commands/settings.js";
import type { CodedError } from "../../errors.js";
import { settingsContract } from "../contracts/settings.js";
import { memorySettings } from "../fakes/settings.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("settings that commands change");
const troubles: string[] = [];
const by = { by: "kim", since: "2026-03-01T08:00:00.000Z" };
const limit = (value: number | "model") => ({
  value,
  command: "threshold" as const,
  configured: "model" as const,
  ...by,
});
const enabled = (value: boolean) => ({ value, configured: true, ...by });
const open = (folder: string) => openSettings(folder, ({ code }: CodedError) => void troubles.push(code));

settingsContract("memory", async () => {
  const settings = memorySettings();
  return { settings, writable: async (is) => settings.writable(is) };
});
settingsContract("disk", async () => {
  const folder = temporaryFolder();
  // A folder in the draft's place: not even root can write it.
  const obstacle = join(folder, "settings.json.draft");
  return {
    settings: await open(folder),
    writable: async (is) => void (is ? await rm(obstacle, { recursive: true }) : await mkdir(obstacle)),
  };
});

test("they survive a restart, for nobody else to read; undefined takes one back", async () => {
  const folder = join(temporaryFolder(), "new");
  const settings = await open(folder);
  await Promise.all([
    settings.set("thresholds", "cam1", limit(0.5)),
    settings.set("thresholds", "cam2", limit("model")),
    settings.set("enabled", "cam1", enabled(false)),
  ]);
  assert.is((await stat(join(folder, "settings.json"))).mode & 0o777, 0o600);
  const again = await open(folder);
  assert.equal(again.now, {
    thresholds: { cam1: limit(0.5), cam2: limit("model") },
    enabled: { cam1: enabled(false) },
    shelved: {},
  });
  await again.set("thresholds", "cam1", undefined);
  assert.equal((await open(folder)).now.thresholds, { cam2: limit("model") });
});

for (const [what, text] of [
  ["cut off", '{"thresholds": {"cam'],
  ["of another kind", '{"thresholds": {"cam1": -1}, "enabled": {}, "shelvedUntilMs": {}}'],
] as const) {
  test(`a file that is ${what} is put aside and told, and the configuration holds`, async () => {
    troubles.length = 0;
    const folder = temporaryFolder();
    await writeFile(join(folder, "settings.json"), text);
    const settings = await open(folder);
    assert.equal(settings.now.thresholds, {});
    assert.equal(troubles, ["SETTINGS_UNREADABLE"]);
    assert.is(await readFile(join(folder, "settings.json.damaged"), "utf8"), text);
    await settings.set("enabled", "cam1", enabled(true));
    assert.equal((await open(folder)).now.enabled, { cam1: enabled(true) });
  });
}

test("a file of the first version is read; its shelvings, moments of a clock that may have been wrong, are over", async () => {
  const folder = temporaryFolder();
  const first = { thresholds: { cam1: 0.7, cam2: "model" }, enabled: { cam3: false }, shelvedUntilMs: { cam1: 4e12 } };
  await writeFile(join(folder, "settings.json"), JSON.stringify(first));
  const nobody = { by: null, since: null, configured: null };
  assert.equal((await open(folder)).now, {
    thresholds: {
      cam1: { value: 0.7, command: "threshold", ...nobody },
      cam2: { value: "model", command: "threshold", ...nobody },
    },
    enabled: { cam3: { value: false, ...nobody } },
    shelved: {},
  });
});

test("version 0.1 reads the file, and what it changed there counts", async () => {
  const folder = temporaryFolder();
  const settings = await open(folder);
  await settings.set("thresholds", "cam1", limit(0.5));
  await settings.set("thresholds", "cam2", limit("model"));
  await settings.set("shelved", "cam1", { leftMs: 60_000, asOfMs: 1_000, by: null, since: null });
  const file = join(folder, "settings.json");
  const text = JSON.parse(await readFile(file, "utf8"));
  assert.equal([text.thresholds, text.enabled, text.shelvedUntilMs], [{ cam1: 0.5, cam2: "model" }, {}, {}]);
  await writeFile(file, JSON.stringify({ ...text, thresholds: { cam2: 0.8, cam3: 0.9 } }));
  const again = (await open(folder)).now;
  const unknown = { command: "threshold", by: null, since: null, configured: null };
  assert.equal(again.thresholds, { cam2: { value: 0.8, ...unknown }, cam3: { value: 0.9, ...unknown } });
});

test("cameras with the names of what every object has survive a restart", async () => {
  const folder = temporaryFolder();
  const settings = await open(folder);
  await settings.set("thresholds", "__proto__", limit(0.5));
  assert.equal(Object.keys((await open(folder)).now.thresholds), ["__proto__"]);
});

test.run();
