import * as assert from "uvu/assert";
import type { Settings } from "../../agent/commands/settings.js";
import { own } from "../../agent/commands/settings-file.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";

export interface OpenedSettings {
  readonly settings: Settings;
  /** Has every change fail until it is writable again. */
  writable(is: boolean): Promise<void>;
}

const by = { by: "kim", since: "2026-03-01T08:00:00.000Z" };
const limit = (value: number | "model") => ({ value, command: "threshold", configured: "model", ...by }) as const;
const enabled = (value: boolean) => ({ value, configured: true, ...by });

/** What every Settings keeps. @param open new ones, without a change */
export function settingsContract(name: string, open: () => Promise<OpenedSettings>): void {
  const test = suite(`settings contract: ${name}`);
  let opened: OpenedSettings;
  let settings: Settings;
  test.before.each(async () => {
    opened = await open();
    settings = opened.settings;
  });

  test("nothing is changed at first", () => {
    assert.equal(settings.now, { thresholds: {}, enabled: {}, shelved: {} });
  });

  test("a change is in force once it is kept, and not before", async () => {
    const kept = settings.set("thresholds", "cam1", limit(0.5));
    assert.equal(settings.now.thresholds, {});
    await kept;
    assert.equal(settings.now.thresholds, { cam1: limit(0.5) });
  });

  test("what is set of one camera touches nothing else; undefined takes it back", async () => {
    await settings.set("thresholds", "cam1", limit(0.5));
    await settings.set("thresholds", "cam2", limit("model"));
    await settings.set("enabled", "cam1", enabled(false));
    await settings.set("thresholds", "cam1", undefined);
    await settings.set("thresholds", "cam3", undefined);
    assert.equal(settings.now.thresholds, { cam2: limit("model") });
    assert.equal(settings.now.enabled, { cam1: enabled(false) });
  });

  test("changes that come together are all made, the last of a camera is in force", async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    await Promise.all([
      ...numbers.map((number) => settings.set("thresholds", "cam1", limit(number))),
      ...numbers.map((number) => settings.set("enabled", `cam${number}`, enabled(false))),
    ]);
    assert.equal(settings.now.thresholds, { cam1: limit(20) });
    assert.is(Object.keys(settings.now.enabled).length, 20);
  });

  test("what was read before does not change behind its reader", async () => {
    const before = settings.now;
    await settings.set("thresholds", "cam1", limit(0.5));
    assert.equal(before.thresholds, {});
  });

  test("a camera may have the name of something that every object has", async () => {
    for (const camera of ["__proto__", "constructor", "toString"]) {
      assert.is(own(settings.now.thresholds, camera), undefined);
      await settings.set("thresholds", camera, limit(0.5));
      assert.equal(own(settings.now.thresholds, camera), limit(0.5), camera);
    }
    await settings.set("thresholds", "__proto__", undefined);
    assert.equal(Object.keys(settings.now.thresholds).sort(), ["constructor", "toString"]);
  });

  test("a change that cannot be kept is not made; the next one is tried", async () => {
    await settings.set("enabled", "cam1", enabled(true));
    await opened.writable(false);
    const refused = await settings.set("enabled", "cam1", enabled(false)).catch((error: unknown) => error);
    assert.is(refused instanceof CodedError && refused.code, "SETTINGS_UNWRITABLE");
    assert.equal(settings.now.enabled, { cam1: enabled(true) });
    await opened.writable(true);
    await settings.set("enabled", "cam1", enabled(false));
    assert.equal(settings.now.enabled, { cam1: enabled(false) });
  });

  test.run();
}
