import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type ConfigLayers, checkConfig } from "../../config/load.js";
import { packageRoot } from "../../config/package-root.js";
import { ConfigError } from "../../config/problems.js";
import { FRAMES_PER_PART } from "../../models/demo-line/index.js";
import { httpConfig, mqttConfig } from "../support/config.js";
import { camera, check, demo, load, machine } from "../support/config-machine.js";
import { suite } from "../support/suite.js";

const ON_GPU = { gpuMemoryMb: null, workspaceMb: null, dlaCore: null };
const INFERENCE = { fallback: "auto", precision: "fp16", precisionLimit: 0.1, device: 0, threads: 0, ...ON_GPU };
const test = suite("config");
const root = packageRoot();
const example = readFileSync(join(root, "config/example.yaml"), "utf8");

/** `CODE path`, in the order reported. */
function problems(yaml: string, layers: Partial<ConfigLayers> = {}): string[] {
  const checked = check(yaml, layers);
  assert.is(checked.config === undefined, checked.problems.length > 0);
  return checked.problems.map(({ code, path }) => `${code} ${path}`);
}

test("without a file the demo runs: the contract's defaults, the shipped bundle found from any directory", () => {
  const shipped = join(root, "models/demo");
  const { config } = checkConfig({ env: {}, set: [] }, machine("", [shipped]));
  assert.equal(config, {
    agent: { id: "box-plant-1" },
    mqtt: mqttConfig(),
    inference: { ...INFERENCE, providers: ["tensorrt", "cuda", "cpu"], maxBatch: 8 },
    alerts: { floodAbove: 60, summaryEveryS: 5, historyMax: 2_000, historyDays: 30 },
    outbox: { maxMb: 256, maxAgeHours: 168 },
    http: httpConfig({ port: "auto" }),
    modbus: { enabled: false, host: "127.0.0.1", port: 1_502, unitId: "any", maxConnections: 4, idleS: 60 },
    sparkplug: { enabled: false, group: "retort", node: null, hostId: null, everyS: 1, maxWaiting: 1_000 },
    homeAssistant: {
      enabled: false,
      discoveryPrefix: "homeassistant",
      birthTopic: "homeassistant/status",
      scoreEveryS: 5,
    },
    evidence: { enabled: true, maxMb: 512, keepDays: 30, quality: 80, ringFrames: 8, ringMb: 64 },
    state: { path: "/line/state" },
    models: { demo: { path: shipped, selfTest: { path: "demo", goodPath: null, everyMinutes: 60 } } },
    cameras: [
      {
        id: "demo",
        model: "demo",
        enabled: true,
        fps: 10,
        noSignalAfterS: "auto",
        roi: { x: 0, y: 0, width: 1, height: 1 },
        health: {
          enabled: true,
          black: 0.999,
          saturated: 0.99,
          frozenAfter: "auto",
          blurred: 0.3,
          obstructed: 0.5,
        },
        alert: {
          threshold: "model",
          raiseAfter: 3,
          within: 5,
          clearAfter: 5,
          clearBelow: 0.9,
          mergeWithinS: 10,
        },
        parts: {
          per: { frames: FRAMES_PER_PART },
          on: "picture",
          deadlineMs: null,
          lateIs: "judged",
          unknownIs: "ng",
          closeAfterMs: null,
          evidence: "ng",
          okEvidenceEvery: 0,
        },
        modbus: { address: "auto" },
        source: { type: "demo" },
      },
    ],
  });
});

test("the annotated example is valid and shows every kind of source", () => {
  const { cameras } = load(example);
  const types = cameras.map(({ source }) => source.type).sort();
  assert.equal(types, ["aravis", "csi", "demo", "file", "gstreamer", "images", "rtsp", "v4l2"]);
});

test("defaults < file < environment < command line", () => {
  const yaml = `${demo}mqtt: {prefix: file}\n`;
  const env = { RETORT_MQTT_PREFIX: "env" };
  assert.is(load(demo).mqtt.prefix, "retort");
  assert.is(load(yaml).mqtt.prefix, "file");
  assert.is(load(yaml, { env }).mqtt.prefix, "env");
  assert.is(load(yaml, { env, set: ["mqtt.prefix=set", "mqtt.prefix=last"] }).mqtt.prefix, "last");
});

test("every value is reached from the environment and by --set; text stays text", () => {
  const yaml =
    "models: {m-1: {path: /m}}\ncameras: [{id: cam-1, model: m-1, source: {type: rtsp, url: 'rtsp://h/s'}}]\n";
  const config = load(yaml, {
    env: {
      RETORT_AGENT_ID: "007",
      RETORT_INFERENCE_MAX_BATCH: "4",
      RETORT_INFERENCE_PROVIDERS: "[cuda, cpu]",
      RETORT_MODELS_M_1_PATH: "/other",
      RETORT_CAMERAS_CAM_1_ALERT_RAISE_AFTER: "3",
      RETORT_CAMERAS_0_SOURCE_LATENCY_MS: "50",
      // What Kubernetes sets for a service that is called retort.
      RETORT_SERVICE_HOST: "10.0.0.1",
      RETORT_PORT_8080_TCP: "tcp://10.0.0.1:8080",
      PATH: "/bin",
    },
    set: ["cameras.cam-1.alert.threshold=0.5", "cameras[0].roi.width=0.5", "http.port=0", "cameras.0.enabled=false"],
  });
  assert.is(config.agent.id, "007");
  assert.equal(config.inference, { ...INFERENCE, providers: ["cuda", "cpu"], maxBatch: 4 });
  assert.is(config.models["m-1"]?.path, "/other");
  assert.is(config.http.port, 0);
  const [cam] = config.cameras;
  assert.equal([cam?.alert.threshold, cam?.alert.raiseAfter, cam?.alert.clearAfter], [0.5, 3, 5]);
  assert.equal(cam?.roi, { x: 0, y: 0, width: 0.5, height: 1 });
  assert.is(cam?.enabled, false);
  assert.equal(cam?.source, { type: "rtsp", url: "rtsp://h/s", latencyMs: 50, transport: "tcp", codec: "auto" });
});

test("overrides that name nothing are problems, too", () => {
  const env = { RETORT_MQTT_ULR: "x", RETORT_CAMERAS_B_FPS: "1" };
  const set = ["mqtt.ulr=x", "cameras.b.fps=1", "cameras.a=", "cameras.5.fps=1", "nonsense", "inference.threads=[1"];
  assert.equal(problems(demo, { env, set }), [
    "CONFIG_KEY_UNKNOWN RETORT_CAMERAS_B_FPS",
    "CONFIG_KEY_UNKNOWN RETORT_MQTT_ULR",
    "CONFIG_KEY_UNKNOWN mqtt.ulr",
    "CONFIG_KEY_UNKNOWN cameras.b.fps",
    "CONFIG_KEY_UNKNOWN cameras.5.fps",
    "CONFIG_SYNTAX nonsense",
    "CONFIG_SYNTAX inference.threads",
    "CONFIG_VALUE_INVALID cameras.0",
  ]);
});

test("all problems of a file at once, each with its path", () => {
  const yaml = `
agent: { id: a/b, nmae: x }
mqtt: { url: http://h, password: hunter2 }
inference: { providers: cpu, threads: "4", extra: {} }
http: 8080
models: { m: {} }
cameras:
  - { id: a, model: m, fps: "10", source: { type: images } }
  - { id: b, model: m, source: { type: usb } }
  - { id: c, model: m }
  - nothing
`;
  assert.equal(problems(yaml), [
    "CONFIG_KEY_UNKNOWN agent.nmae",
    "CONFIG_VALUE_INVALID agent.id",
    "CONFIG_KEY_UNKNOWN mqtt.password",
    "CONFIG_VALUE_INVALID mqtt.url",
    "CONFIG_VALUE_MISSING models.m.path",
    "CONFIG_KEY_UNKNOWN inference.extra",
    "CONFIG_VALUE_INVALID inference.providers",
    "CONFIG_VALUE_INVALID inference.threads",
    "CONFIG_VALUE_INVALID cameras.a.fps",
    "CONFIG_VALUE_MISSING cameras.a.source.path",
    "CONFIG_VALUE_INVALID cameras.b.source.type",
    "CONFIG_VALUE_MISSING cameras.c.source",
    "CONFIG_VALUE_INVALID cameras.3",
    "CONFIG_VALUE_INVALID http",
  ]);
});

for (const [what, yaml, expected] of [
  ["no camera", "models: {m: {path: /m}}\ncameras: []", "CONFIG_VALUE_MISSING cameras"],
  // Cut short: the demo's invented defects must not go to the plant's broker.
  [
    "a file without cameras and models",
    "mqtt: {url: 'mqtt://h'}",
    ["CONFIG_VALUE_MISSING models", "CONFIG_VALUE_MISSING cameras"],
  ],
  ["an empty file", "", "CONFIG_SYNTAX /etc/retort.yaml"],
  ["a file of comments", "# cameras:\n", "CONFIG_SYNTAX /etc/retort.yaml"],
  [
    "a model that is not there",
    camera("source: {type: demo}").replace("model: m", "model: n"),
    "CONFIG_REFERENCE_UNKNOWN cameras.a.model",
  ],
  [
    "two cameras of one id",
    `${demo.trim().slice(0, -1)}, {id: a, model: m, source: {type: demo}}]`,
    "CONFIG_CONFLICT cameras.1.id",
  ],
  [
    "a camera called as a topic of the agent's",
    demo.replace("id: a", "id: health"),
    "CONFIG_CONFLICT cameras.health.id",
  ],
  [
    "a camera called as what every object has",
    demo.replace("id: a", "id: constructor"),
    "CONFIG_CONFLICT cameras.constructor.id",
  ],
  ["a key that is no mapping's own", `__proto__: {mqtt: {prefix: x}}\n${demo}`, "CONFIG_KEY_UNKNOWN __proto__"],
  ["a mapping in the place of a value", `${demo}mqtt: {prefix: {a: {b: c}}}`, "CONFIG_VALUE_INVALID mqtt.prefix"],
  ["an alias within its own anchor", `${demo}mqtt: {prefix: &a [*a]}`, "CONFIG_SYNTAX /etc/retort.yaml"],
  ["an alias without its anchor", `${demo}mqtt: {prefix: *a}`, "CONFIG_SYNTAX /etc/retort.yaml"],
  [
    "a region beyond the frame",
    camera("source: {type: demo}, roi: {x: 0.6, width: 0.5}"),
    "CONFIG_CONFLICT cameras.a.roi",
  ],
  [
    "an alert that can never be raised",
    camera("source: {type: demo}, alert: {raiseAfter: 3, within: 2}"),
    "CONFIG_CONFLICT cameras.a.alert.within",
  ],
  [
    "golden pictures that are all good",
    demo.replace("path: /m", "path: /m, selfTest: {goodPath: /g}"),
    "CONFIG_VALUE_MISSING models.m.selfTest.path",
  ],
  ["half a size", camera("source: {type: v4l2, width: 640}"), "CONFIG_CONFLICT cameras.a.source"],
  [
    "a trigger's line without a trigger",
    camera("source: {type: aravis, triggerSource: Line1}"),
    "CONFIG_CONFLICT cameras.a.source.triggerSource",
  ],
  [
    "a password without a user",
    `${demo}mqtt: {url: 'mqtt://h', passwordFile: /p}`,
    "CONFIG_CONFLICT mqtt.passwordFile",
  ],
  [
    "certificates without TLS",
    `${demo}mqtt: {url: 'ws://h', caFile: /ca, serverName: h}`,
    ["CONFIG_CONFLICT mqtt.caFile", "CONFIG_CONFLICT mqtt.serverName"],
  ],
  ["a certificate without its key", `${demo}mqtt: {url: 'wss://h', certFile: /c}`, "CONFIG_CONFLICT mqtt.certFile"],
  ["a user for the embedded broker", `${demo}mqtt: {username: u}`, "CONFIG_CONFLICT mqtt.username"],
  [
    "a token to look without one to act",
    `${demo}http: {viewTokenFile: /etc/hostname}`,
    "CONFIG_CONFLICT http.viewTokenFile",
  ],
  ["HTTP open to the world", `${demo}http: {host: 0.0.0.0}`, "CONFIG_CONFLICT http.host"],
  [
    "HTTP on a name that only looks like loopback",
    `${demo}http: {host: 127.evil.example}`,
    "CONFIG_CONFLICT http.host",
  ],
  ["a port that is none", `${demo}http: {port: 65536}`, "CONFIG_VALUE_INVALID http.port"],
  ["a host name with a port", `${demo}http: {names: ['a:80']}`, "CONFIG_VALUE_INVALID http.names"],
  [
    "two cameras with the same Modbus registers",
    `modbus: {enabled: true}\n${demo.trim().slice(0, -1)}, {id: b, model: m, source: {type: demo}, modbus: {address: 1100}}]`,
    "CONFIG_CONFLICT cameras.b.modbus.address",
  ],
  [
    "a group whose topics are those of Sparkplug's hosts",
    `${demo}sparkplug: {enabled: true, group: STATE}`,
    "CONFIG_CONFLICT sparkplug.group",
  ],
  [
    "Home Assistant's topics among the agent's own",
    `${demo}homeAssistant: {enabled: true, birthTopic: retort/status}`,
    "CONFIG_CONFLICT homeAssistant.birthTopic",
  ],
  [
    "one port for Modbus and for HTTP",
    `${demo}modbus: {enabled: true, port: 8080}\nhttp: {port: 8080}`,
    "CONFIG_CONFLICT modbus.port",
  ],
  ["YAML that is none", "mqtt: {", "CONFIG_SYNTAX /etc/retort.yaml:1:8"],
  ["a key twice", "mqtt: {}\nmqtt: {}", "CONFIG_SYNTAX /etc/retort.yaml:2:1"],
  ["a list", "- a", "CONFIG_SYNTAX /etc/retort.yaml"],
] as const) {
  test(`refused: ${what}`, () => assert.equal(problems(yaml), [expected].flat()));
}

test("a file that cannot be read is told by its name", () => {
  const { problems } = checkConfig({ file: "gone.yaml", env: {}, set: [] }, machine());
  assert.equal(
    problems.map(({ code, path }) => [code, path]),
    [["CONFIG_FILE_UNREADABLE", "/line/gone.yaml"]],
  );
});

test("all problems together are one coded error", () => {
  const { problems } = check("mqtt: {ulr: x, prefix: 3}");
  const error = new ConfigError(problems);
  assert.is(error.code, "CONFIG_INVALID");
  for (const { path } of error.problems) assert.match(error.message, `${path}: `);
});

test.run();
