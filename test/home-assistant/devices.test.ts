/** What Home Assistant is told of an agent and its cameras, whatever they are called. */
import * as assert from "uvu/assert";
import { agentDevice } from "../../agent/home-assistant/agent-device.js";
import { cameraDevice } from "../../agent/home-assistant/camera-device.js";
import { type Device, discoveryMessage, discoveryTopic } from "../../agent/home-assistant/discovery.js";
import { deviceId } from "../../agent/home-assistant/ids.js";
import { cameraConfig, configOf, mqttConfig } from "../support/config.js";
import { DISCOVERY_TOPIC, discoveredIn } from "../support/home-assistant-schema.js";
import { type Jinja, startJinja } from "../support/jinja.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";

const test = suite("devices for Home Assistant");
let jinja: Jinja;
test.before(() => {
  jinja = startJinja();
});
test.after(() => jinja.close());

/** Names that a topic allows, and that JSON, Jinja, Python or Home Assistant's topics would trip over. */
const NAMES = [
  "cam1",
  "Kamera 3 (Überlauf)",
  `a"b'c\\d`,
  "{{ 7 * 7 }}",
  "{% raw %}{{ this }}",
  "\\u0041 \\' }}",
  "😀",
  "名",
];

const sent = (device: Device): unknown => {
  const { payload } = discoveryMessage(device, { topic: "t", version: "1.2.3", gone: { old: "image" } });
  return JSON.parse(JSON.stringify(payload));
};

test("every option is one that Home Assistant knows, on a topic that it listens to, for any name", () => {
  const parts = { ...cameraConfig("a").parts, per: "frame" } as const;
  for (const name of NAMES) {
    for (const camera of [cameraConfig(name), cameraConfig(name, { parts })]) {
      const config = configOf([camera], { agent: { id: name } });
      for (const device of [agentDevice(config), cameraDevice(camera, config)]) {
        const { components } = discoveredIn(sent(device));
        assert.equal(components.old, { platform: "image" }, "what it no longer has");
        assert.match(discoveryTopic("homeassistant", device).slice("homeassistant/".length), DISCOVERY_TOPIC);
      }
    }
  }
});

test("no two entities have one unique id, whatever agents and cameras are called", () => {
  const pairs = ["a", "a-b", "b", "a b", "a_b", "ä", ...NAMES].flatMap((agent) => [
    deviceId(`retort/${agent}`, null),
    ...["a", "b", "a-b", "b-c", ...NAMES].map((camera) => deviceId(`retort/${agent}`, camera)),
  ]);
  assert.is(new Set(pairs).size, pairs.length);
  assert.is.not(deviceId("retort/a", "b"), deviceId("plant/a", "b"));
  const config = configOf([cameraConfig("cam1")]);
  const again = cameraDevice(config.cameras[0]!, { ...config, mqtt: mqttConfig({ url: "mqtt://elsewhere" }) });
  assert.is(cameraDevice(config.cameras[0]!, config).id, again.id, "another broker makes no other device");
});

test("commands are JSON after the agent's schemas, of the camera's own name, each with an id of its own", async () => {
  for (const name of NAMES) {
    const { components } = cameraDevice(cameraConfig(name), configOf([cameraConfig(name)]));
    const rendered = async (key: string, value: string | number): Promise<Record<string, unknown>> => {
      const variables = { value, this: { attributes: { id: "01990000-0000-7000-8000-000000000000" } } };
      const text = await jinja.render(String(components[key]?.command_template), variables);
      return JSON.parse(text) as Record<string, unknown>;
    };
    const commands = [
      { key: "enabled", value: "ON", command: "enable", fields: { camera: name, enabled: true } },
      { key: "enabled", value: "OFF", command: "enable", fields: { camera: name, enabled: false } },
      { key: "threshold", value: 0.25, command: "threshold", fields: { camera: name, threshold: 0.25 } },
      { key: "threshold", value: 1, command: "threshold", fields: { camera: name, threshold: 1 } },
      { key: "restart", value: "PRESS", command: "restart-camera", fields: { camera: name } },
      {
        key: "acknowledge",
        value: "PRESS",
        command: "acknowledge",
        fields: { alert: "01990000-0000-7000-8000-000000000000" },
      },
    ];
    for (const { key, value, command, fields } of commands) {
      assert.ok(String(components[key]?.command_topic).endsWith(`/cmd/${command}`));
      const { id, by, ...rest } = await rendered(key, value);
      assert.equal(rest, fields);
      assert.is(by, "Home Assistant");
      assert.equal(schemaFaults(`command-${command}`, { id, by, ...rest }), []);
      assert.is.not((await rendered(key, value)).id, id);
    }
  }
});

test("a threshold is shown whatever scores its model gives: Home Assistant ignores a number beyond its limits", () => {
  const { threshold } = cameraDevice(cameraConfig("cam1"), configOf([cameraConfig("cam1")])).components;
  for (const value of [0.0004, 0.3, 2_500, 4_000_000]) {
    assert.ok(Number(threshold?.min) <= value && value <= Number(threshold?.max), String(value));
  }
});

test("health is read by the camera's own name", async () => {
  for (const name of NAMES) {
    const { components } = cameraDevice(cameraConfig(name), configOf([cameraConfig(name)]));
    const value_json = { cameras: { [name]: { fps: 9.5, share: 0.5 } } };
    assert.is(await jinja.render(String(components.fps?.value_template), { value_json }), "9.5");
    assert.is(await jinja.render(String(components.inspected?.value_template), { value_json }), "50.0");
    const before = { cameras: { [name]: { fps: 0, share: null } } };
    assert.is(await jinja.render(String(components.inspected?.value_template), { value_json: before }), "None");
    assert.is(await jinja.render(String(components.fps?.value_template), { value_json: { cameras: {} } }), "");
  }
});

test("the agent's problems are on while there is one: a throttled machine, a model that runs where it was not to", async () => {
  const { components } = agentDevice(configOf([cameraConfig("cam1")]));
  const shown = async (key: string, value_json: object) =>
    jinja.render(String(components[key]?.value_template), { value_json });
  assert.is(await shown("throttled", { throttling: { reasons: [] } }), "OFF");
  assert.is(await shown("throttled", { throttling: { reasons: ["gpu-throttle-alert"] } }), "ON");
  const cpu = { used: "cpu", tried: [] };
  assert.is(await shown("provider", { providers: { plate: { ...cpu, fault: null }, lid: cpu } }), "OFF");
  assert.is(await shown("provider", { providers: { plate: { ...cpu, fault: "PROVIDER_NOT_USED: why" } } }), "ON");
  assert.is(await shown("temperature", { temperaturesC: { cpu: 41.5, gpu: 72 } }), "72");
  assert.is(await shown("temperature", { temperaturesC: {} }), "None");
});

test.run();
