/**
 * Everything that a configuration may hold, declared once: from here follow the TypeScript types, what `check` and `run` refuse, the
 * variables of the environment, the paths of `--set`, the JSON Schema, the tables of the documents and config/example.yaml.
 */
import { camerasList } from "./camera-section.js";
import { names, nullable, optionalSection, required, section, setting } from "./declare.js";
import {
  address,
  either,
  flag,
  hostName,
  hostNames,
  integer,
  listOf,
  number,
  oneOf,
  path,
  positive,
  text,
  topicLevel,
  topicPrefix,
} from "./formats.js";
import { homeAssistantSection } from "./home-assistant-section.js";
import { modbusSection } from "./modbus-section.js";
import { sparkplugSection } from "./sparkplug-section.js";

/** The host's name as one topic level. RabbitMQ turns the dots of a topic into levels: MQTT clients would not find it. */
const agentIdOf = (hostname: string): string => hostname.replace(/[/+#.\p{Cc}$]/gu, "-") || "agent";

const agent = section("The agent in the topics", {
  id: setting(agentIdOf, topicLevel, "the agent's name in every topic, one level of them; best without dots", {
    defaultShown: "the host's name, dots as `-`",
    example: "line-7",
  }),
});

const mqtt = section("The broker; with mqtts:// and wss:// TLS 1.2 or newer, certificate and name always verified", {
  url: setting(
    "embedded",
    either(["embedded"], address("mqtt", "mqtts", "ws", "wss")),
    "the broker's address; embedded: a broker inside the agent",
  ),
  prefix: setting("retort", topicPrefix, "topics start with <prefix>/<agent id>; best without dots"),
  username: nullable(text, "the user at the broker", { example: "line-7" }),
  passwordFile: nullable(path("secret"), "its first line is the user's password", {
    example: "/etc/retort/mqtt-password",
  }),
  caFile: nullable(path("file"), "PEM: who may vouch for the broker; without it the authorities that Node ships", {
    example: "/etc/retort/ca.pem",
  }),
  certFile: nullable(path("file"), "PEM: the agent's own certificate, for brokers that ask for one", {
    example: "/etc/retort/line-7.pem",
  }),
  keyFile: nullable(path("file"), "PEM: that certificate's key, without a passphrase", {
    example: "/etc/retort/line-7.key",
  }),
  serverName: nullable(hostName, "the name in the broker's certificate, where mqtt.url has another", {
    example: "broker.plant.local",
  }),
});

const models = names(
  "Model bundles, by the names that cameras use",
  section("One model", {
    path: required(path("bundle"), "a bundle's folder, as `retort train` writes it", { example: "models/demo" }),
    lowered: optionalSection("The same model in lower precisions, as `retort quantize` writes it", {
      int8: nullable(path("bundle"), "a bundle's folder", { example: "bundles/plate-int8" }),
      fp16: nullable(path("bundle"), "a bundle's folder", { example: "bundles/plate-fp16" }),
    }),
    selfTest: optionalSection("Pictures whose truth is known, through the live engine: does the model still see?", {
      path: required(either(["demo"], path("folder")), "known-bad pictures, as the model sees them; demo: drawn ones", {
        example: "demo",
      }),
      goodPath: nullable(path("folder"), "known-good pictures", { example: "golden/good" }),
      everyMinutes: setting(60, number(1, 10_080), "between two tests; the first is at the start"),
    }),
  }),
);

const inference = section("How models run", {
  providers: setting(
    ["tensorrt", "cuda", "cpu"],
    listOf("tensorrt", "cuda", "cpu"),
    "in order of preference, the first that works is taken; `health` says which and why",
  ),
  fallback: setting(
    "auto",
    oneOf("auto", "allow", "alarm", "fatal"),
    "when not the first provider is taken; auto: a `provider` fault where there is an NVIDIA GPU and the CPU is used; alarm: a fault always; fatal: the model does not run then",
  ),
  precision: setting(
    "fp16",
    oneOf("fp32", "fp16", "int8", "auto"),
    "of the bundles under models.<name>.lowered; on a GPU fp16 is made of the model where none is named; auto: what suits the provider; `health` says what is computed in",
  ),
  precisionLimit: setting(
    0.1,
    positive(1),
    "by what share scores of the selfTest's pictures may differ from the float model's; beyond, the precision is refused",
  ),
  device: setting(0, integer(0, 63), "which GPU, where there are several"),
  gpuMemoryMb: nullable(
    integer(1, 1_048_576),
    "what CUDA may hold of a GPU's memory for one model; not what TensorRT's engines hold; all of it unless given",
    { example: 2_048 },
  ),
  workspaceMb: nullable(
    integer(1, 1_048_576),
    "memory that TensorRT may try layers in while it builds an engine; all of the GPU's unless given",
    { example: 1_024 },
  ),
  dlaCore: nullable(
    integer(0, 1),
    "which deep learning accelerator of a Jetson runs the layers that it can, in fp16 or int8; none unless given",
    { example: 0 },
  ),
  threads: setting(0, integer(0, 1024), "CPU threads of one inference; 0: as many as there are cores"),
  maxBatch: setting(8, integer(1, 256), "frames of cameras that share a model, in one inference"),
});

const alerts = section("Alerts of the whole agent", {
  floodAbove: setting(60, integer(0, 100_000), "alerts raised a minute that are a flood, and summarised; 0: none is"),
  summaryEveryS: setting(5, number(1, 3_600), "between two messages about a flood"),
  historyMax: setting(2_000, integer(1, 100_000), "alerts that /api/alerts knows of, in memory and on disk"),
  historyDays: setting(30, positive(36_500), "how long it knows them"),
});

const evidence = section("A picture with each alert: the frame, the heat of the anomaly map, the regions outlined", {
  enabled: setting(true, flag, "whether there are pictures, and raw frames are kept for feedback"),
  maxMb: setting(
    512,
    integer(1, 1_000_000),
    "of pictures and raw frames on disk; the oldest go first, and sooner when the disk is nearly full",
  ),
  keepDays: setting(30, positive(36_500), "how long they are kept"),
  quality: setting(80, integer(1, 100), "of the JPEG"),
  ringFrames: setting(8, integer(0, 1_000), "raw frames kept with an alert: the raising one and those before; 0: none"),
  ringMb: setting(64, integer(1, 100_000), "memory for the newest frames of all cameras"),
});

const outbox = section("Alerts, verdicts and pictures wait here, on disk, until the broker has them", {
  maxMb: setting(
    256,
    positive(1_048_576),
    "beyond, what matters least is given up: pictures, then verdicts, then updates, then the oldest alerts",
  ),
  maxAgeHours: setting(168, positive(876_000), "hours that the agent has run, after which they are given up"),
});

const http = section("Health, metrics, the API and moving pictures", {
  enabled: setting(true, flag, "whether the agent answers HTTP"),
  host: setting("127.0.0.1", text, "the address that is listened on; any but loopback needs a tokenFile"),
  port: setting(
    "auto",
    either(["auto"], integer(0, 65_535)),
    "auto: 8080, or any free one where that is taken; a number: that port and no other; 0: any free one",
  ),
  tokenFile: nullable(path("secret"), "its first line is the token: Authorization: Bearer <token>", {
    example: "/etc/retort/http-token",
  }),
  viewTokenFile: nullable(path("secret"), "as tokenFile, of those who may look and not act; needs a tokenFile", {
    example: "/etc/retort/http-view-token",
  }),
  names: setting([], hostNames, "host names that a reverse proxy on this machine asks for"),
  maxConnections: setting(64, integer(1, 10_000), "connections at once"),
  maxStreams: setting(16, integer(0, 1_000), "open live views and clients of /stream at once, all cameras together"),
  streamFps: setting(10, positive(120), "the most pictures a second of one camera"),
});

const state = section("What must survive a restart", {
  path: setting("state", path("state"), "the agent's own folder; docs/on-disk.md says what lies in it"),
});

export const schema = section("A configuration of Retort", {
  agent,
  mqtt,
  models,
  inference,
  cameras: camerasList,
  alerts,
  evidence,
  outbox,
  http,
  modbus: modbusSection,
  sparkplug: sparkplugSection,
  homeAssistant: homeAssistantSection,
  state,
});
