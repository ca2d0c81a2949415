/**
 * Everything that a configuration may hold, declared once: from here follow the TypeScript types, what `check` and `run` refuse, the
 * variables of the environment, the paths of `--set`, the JSON Schema, the README's tables and config/example.yaml.
 */
import { list, names, nullable, optional, optionalSection, required, section, setting, variants } from "./declare.js";
import {
  address,
  either,
  flag,
  frameCount,
  hostName,
  hostNames,
  integer,
  listOf,
  number,
  oneOf,
  path,
  positive,
  score,
  text,
  topicLevel,
  topicPrefix,
} from "./formats.js";
import { cameraModbusSection, modbusSection } from "./modbus-section.js";

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
  precision: setting(
    "fp16",
    oneOf("fp32", "fp16"),
    "where the provider has the choice; `health` says what is computed in",
  ),
  threads: setting(0, integer(0, 1024), "CPU threads of one inference; 0: as many as there are cores"),
  maxBatch: setting(8, integer(1, 256), "frames of cameras that share a model, in one inference"),
});

const pixels = integer(16, 16_384);
const size = (width: number, height: number) => ({
  width: optional(pixels, "pixels, with height; the camera's own size unless given", { example: width }),
  height: optional(pixels, "pixels, with width", { example: height }),
});
const loop = setting(true, flag, "start again at the end");

/** What each kind of source needs besides its `type`. */
const sources = {
  demo: section("the built-in production line", {}),
  images: section("a folder of pictures and the folders below it, in the order of their names", {
    path: required(path("pictures"), "the folder", { example: "pictures" }),
    loop,
    watch: setting(
      "off",
      oneOf("off", "new", "all"),
      "new: each picture that comes into it from now on, once, instead of a loop; all: those that are there first",
    ),
  }),
  file: section("a video; every frame is inspected", {
    path: required(path("file"), "the video", { example: "line.mp4" }),
    loop,
  }),
  v4l2: section("USB and other Video4Linux cameras", {
    device: setting("/dev/video0", path("device"), "the device"),
    ...size(1280, 720),
    format: optional(text, "MJPG, or a raw format such as YUY2", { example: "MJPG" }),
  }),
  csi: section("a Jetson's CSI camera, or libcamera's elsewhere", {
    sensorId: setting(0, integer(0, 63), "the sensor's number"),
    ...size(1920, 1080),
    framerate: optional(positive(1_000), "frames a second of the sensor", { example: 30 }),
  }),
  rtsp: section("network cameras", {
    url: required(address("rtsp", "rtsps"), "the stream; user and password have their own keys", {
      example: "rtsp://192.168.0.20:554/stream1",
    }),
    latencyMs: setting(100, integer(0, 60_000), "the jitter buffer"),
    transport: setting("tcp", oneOf("tcp", "udp"), "how the stream travels"),
    codec: setting("auto", oneOf("auto", "h264", "h265", "mjpeg"), "named where the decoder must be chosen beforehand"),
    username: optional(text, "the user at the camera", { example: "viewer" }),
    passwordFile: optional(path("secret"), "its first line is the user's password", {
      example: "/etc/retort/camera-password",
    }),
  }),
  aravis: section("GigE Vision and USB3 Vision, through Aravis", {
    camera: optional(text, "Aravis's name of the camera, or its address; the first one found unless given", {
      example: "Basler-21876543",
    }),
    trigger: setting(
      "off",
      oneOf("off", "software", "hardware"),
      "what starts an exposure; software: when a picture is wanted, at most fps",
      { example: "hardware" },
    ),
    triggerSource: optional(text, "the line of a hardware trigger", { example: "Line1" }),
    exposureUs: optional(positive(60_000_000), "microseconds", { example: 800 }),
    gain: optional(number(0, 1_000), "as the camera counts it", { example: 0 }),
    format: optional(oneOf("mono", "bayer", "rgb"), "as the camera sends it; mono unless given", { example: "mono" }),
    ...size(1280, 1024),
  }),
  gstreamer: section("any launch line", {
    launch: required(text, "the line, without a sink", { example: "videotestsrc is-live=true pattern=ball" }),
    live: setting(true, flag, "only the newest frame is kept; false: every frame waits to be asked for"),
  }),
} as const;

const shareOrOff = either(["off"], positive(1));

const cameras = list(
  "The cameras",
  section("One camera", {
    id: required(topicLevel, "the camera's name in its topics, one level of them, unique; best without dots"),
    model: required(text, "a name under models", { example: "plate" }),
    enabled: setting(true, flag, "whether it is inspected"),
    source: variants("Where the pictures come from", sources),
    fps: setting(10, positive(10_000), "the most frames a second that are asked for"),
    noSignalAfterS: setting(
      "auto",
      either(["auto"], number(1, 86_400)),
      "seconds without a picture until it is no-signal; auto: 3, three intervals of a slower camera, 20 where nothing is live",
    ),
    roi: section("The part of the frame that is inspected, in shares of it, from its upper left corner", {
      x: setting(0, number(0, 1), "left edge"),
      y: setting(0, number(0, 1), "upper edge"),
      width: setting(1, positive(1), "share of the frame's width"),
      height: setting(1, positive(1), "share of the frame's height"),
    }),
    health: section("What is no view of a part is not judged and faults the camera", {
      enabled: setting(true, flag, "whether it is looked for"),
      black: setting(0.999, shareOrOff, "from this share of the picture dark"),
      saturated: setting(0.99, shareOrOff, "from this share as bright as can be"),
      frozenAfter: setting(
        "auto",
        either(["auto", "off"], integer(2, 1_000_000_000)),
        "the same picture so many times in a row; auto: by the kind of source",
      ),
      blurred: setting(0.3, shareOrOff, "below this share of the least sharpness of the training's pictures"),
      obstructed: setting(0.5, shareOrOff, "from this share of the places with detail that lost it"),
    }),
    alert: section("When an alert is raised and cleared", {
      threshold: setting("model", either(["model"], score), "a score; model: the bundle's own"),
      raiseAfter: setting(
        "auto",
        either(["auto"], integer(1, 1_000)),
        "anomalous frames, or parts, that raise an alert; auto: 1 with parts, else 2",
      ),
      within: nullable(integer(1, 10_000), "the latest frames that raiseAfter counts in; clearAfter unless given", {
        example: 5,
      }),
      clearAfter: setting(5, integer(1, 10_000), "good frames in a row that clear it"),
      clearBelow: setting(0.9, positive(1), "a frame is good enough to clear it up to this share of the threshold"),
      mergeWithinS: setting(
        10,
        number(0, 86_400),
        "a defect that comes back at its place so soon is the same alert, raised again",
      ),
    }),
    parts: section("What one part is: each gets a verdict, ok, ng or unknown; see docs/parts.md", {
      per: setting(
        "auto",
        either(["auto", "none", "frame", "context"], frameCount),
        "frame: each picture is a part; { frames: N }: N pictures are; context: until `context` names another part; none; auto: frame for images and triggered cameras, else none",
      ),
      on: setting(
        "picture",
        oneOf("picture", "inspect"),
        "inspect: a picture is taken when the command `inspect` asks for it, and at no other time",
      ),
      closeAfterMs: nullable(positive(3_600_000), "a part of `context` is over so long after it was named", {
        example: 2_000,
      }),
      deadlineMs: nullable(
        positive(3_600_000),
        "from a part's last picture to its verdict; a later one is marked late",
        {
          example: 200,
        },
      ),
      lateIs: setting("judged", oneOf("judged", "unknown"), "unknown: a verdict that is late is not to be relied on"),
      unknownIs: setting("ng", oneOf("ng", "ok"), "what the gate does with an unknown part; each such verdict says it"),
      evidence: setting("ng", oneOf("ng", "none"), "which parts get a picture, as alerts do; it follows the verdict"),
      okEvidenceEvery: setting(0, integer(0, 1_000_000), "one of so many good parts gets a picture, too; 0: none"),
    }),
    modbus: cameraModbusSection,
  }),
);

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
  names: setting([], hostNames, "host names that a reverse proxy on this machine asks for"),
  maxConnections: setting(64, integer(1, 10_000), "connections at once"),
  maxStreams: setting(4, integer(0, 1_000), "clients of /stream at once, all cameras together"),
  streamFps: setting(10, positive(120), "the most pictures a second of one stream"),
});

const state = section("What must survive a restart", {
  path: setting("state", path("state"), "the agent's own folder; docs/on-disk.md says what lies in it"),
});

export const schema = section("A configuration of Retort", {
  agent,
  mqtt,
  models,
  inference,
  cameras,
  alerts,
  evidence,
  outbox,
  http,
  modbus: modbusSection,
  state,
});
