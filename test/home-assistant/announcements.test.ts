/** What is taken back of what earlier runs told Home Assistant; the broker is a list. */
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Announcements } from "../../agent/home-assistant/announcements.js";
import type { Message } from "../../agent/types.js";
import type { Config } from "../../config/types.js";
import { cameraConfig, configOf, homeAssistantConfig } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("what Home Assistant is told");

interface Told {
  readonly devices: readonly string[];
  readonly cleared: readonly string[];
  readonly warnings: readonly string[];
}

/** A run of an agent. @param settled whether its broker took what was sent */
async function run(
  config: Config,
  { settled = true, meanwhile = async () => undefined as unknown } = {},
): Promise<Told> {
  const sent: Message[] = [];
  const warnings: string[] = [];
  const waiting: (() => void)[] = [];
  const told = new Announcements(config, {
    publish: (message) => {
      sent.push(message);
      return settled ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },
    log: { info: () => undefined, warn: (text) => warnings.push(text), error: () => undefined },
  });
  const begun = told.begin();
  if (settled) await begun;
  else while (sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await meanwhile();
  await told.close();
  // A publisher that is closed gives up what waits.
  for (const giveUp of waiting) giveUp();
  await begun;
  const topics = (cleared: boolean): string[] =>
    sent.filter(({ payload }) => payload instanceof Uint8Array === cleared).map(({ topic }) => topic);
  assert.ok(sent.every(({ retain, inFull, qos }) => retain && inFull && qos === 1));
  return { devices: topics(false), cleared: topics(true), warnings };
}

const on = (rest: Partial<Config> = {}): Config =>
  configOf([cameraConfig("cam1"), cameraConfig("cam2")], { homeAssistant: homeAssistantConfig(), ...rest });

test("what the broker never took back is taken back by the next run", async () => {
  const config = on();
  const { devices } = await run(config);
  assert.is(devices.length, 3);
  const fewer = { ...config, cameras: [cameraConfig("cam1")] };
  const expected = [devices[2]!, "retort/line-7/cam2/summary", "retort/line-7/cam2/picture"].sort();
  assert.equal([...(await run(fewer, { settled: false })).cleared].sort(), expected);
  assert.equal([...(await run(fewer)).cleared].sort(), expected);
  assert.equal((await run(fewer)).cleared, []);
});

test("what the disk did not take is noted at the end, where it does by then: the next run takes it back", async () => {
  const config = on();
  const obstacle = join(config.state.path, "home-assistant.json.draft");
  await mkdir(obstacle);
  const { warnings } = await run(config, { meanwhile: () => rmdir(obstacle) });
  assert.is(warnings.length, 1);
  const { cleared } = await run({ ...config, cameras: [cameraConfig("cam1")] });
  assert.ok(
    cleared.some((topic) => topic.includes("cam2")),
    cleared.join(),
  );
});

test("an agent with another name, or another discovery prefix, leaves nothing behind", async () => {
  const config = on();
  const { devices } = await run(config);
  const renamed = await run({ ...config, agent: { id: "line-8" } });
  assert.is(renamed.devices.length, 3);
  assert.ok(devices.every((topic) => renamed.cleared.includes(topic)));
  const moved = await run({ ...config, homeAssistant: homeAssistantConfig({ discoveryPrefix: "ha" }) });
  assert.ok(renamed.devices.every((topic) => moved.cleared.includes(topic)));
  const off = await run({ ...config, homeAssistant: homeAssistantConfig({ enabled: false }) });
  assert.ok(moved.devices.every((topic) => off.cleared.includes(topic)));
  assert.is(off.devices.length, 0);
});

test("without having been switched on nothing is sent and nothing is kept", async () => {
  const config = on({ homeAssistant: homeAssistantConfig({ enabled: false }) });
  assert.equal(await run(config), { devices: [], cleared: [], warnings: [] });
  const kept = readFile(join(config.state.path, "home-assistant.json"));
  assert.is(await kept.then(String).catch((error: NodeJS.ErrnoException) => error.code), "ENOENT");
});

test("a damaged note of what was told is a warning, and the devices are there all the same", async () => {
  for (const text of ["{", "[]", '{"v":2,"published":{}}', '{"v":1,"published":{"a/#":{}}}']) {
    const config = on();
    await writeFile(join(config.state.path, "home-assistant.json"), text);
    const { devices, cleared, warnings } = await run(config);
    assert.equal([devices.length, cleared.length, warnings.length], [3, 0, 1]);
  }
});

test.run();
