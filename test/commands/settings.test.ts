import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openSettings } from "../../agent/commands/settings.js";
import type { CodedError } from "../../errors.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("settings that commands change");
const troubles: string[] = [];
const open = (folder: string) => openSettings(folder, ({ code }: CodedError) => void troubles.push(code));

test("they survive a restart, for nobody else to read; undefined takes one back", async () => {
  const folder = join(temporaryFolder(), "new");
  const settings = await open(folder);
  await Promise.all([
    settings.set("thresholds", "cam1", 0.5),
    settings.set("thresholds", "cam2", "model"),
    settings.set("enabled", "cam1", false),
  ]);
  assert.is((await stat(join(folder, "settings.json"))).mode & 0o777, 0o600);
  const again = await open(folder);
  assert.equal(again.now, {
    thresholds: { cam1: 0.5, cam2: "model" },
    enabled: { cam1: false },
    shelvedUntilMs: {},
  });
  await again.set("thresholds", "cam1", undefined);
  assert.equal((await open(folder)).now.thresholds, { cam2: "model" });
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
    await settings.set("enabled", "cam1", true);
    assert.equal((await open(folder)).now.enabled, { cam1: true });
  });
}

test("a change that cannot be kept is not made, and the next is tried", async () => {
  const folder = temporaryFolder();
  const settings = await open(folder);
  // A folder in the draft's place: not even root can write it.
  await mkdir(join(folder, "settings.json.draft"));
  try {
    await settings.set("enabled", "cam1", false);
    assert.unreachable();
  } catch (error) {
    assert.is((error as CodedError).code, "SETTINGS_UNWRITABLE");
  }
  assert.equal(settings.now.enabled, {});
  await rm(join(folder, "settings.json.draft"), { recursive: true });
  await settings.set("enabled", "cam1", false);
  assert.equal(settings.now.enabled, { cam1: false });
});

test.run();
