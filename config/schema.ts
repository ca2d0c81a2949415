import * as formats from "./formats.js";
import type { SourceType } from "./types.js";

/** A convict leaf. */
export interface Leaf {
  readonly doc: string;
  readonly default: unknown;
  readonly format: formats.Format;
}

export type SchemaTree = { readonly [key: string]: Leaf | SchemaTree };

export function isLeaf(node: Leaf | SchemaTree): node is Leaf {
  return typeof node.format === "function";
}

const leaf = (value: unknown, format: formats.Format, doc: string): Leaf => ({ default: value, format, doc });
const required = (format: formats.Format, doc: string): Leaf => leaf(null, format, doc);
const optional = (format: formats.Format, doc: string): Leaf => leaf(null, formats.optional(format), doc);

/** Everything but `models` and `cameras`, which hold many of a kind. */
export const baseSchema = (hostname: string): SchemaTree => ({
  agent: {
    id: leaf(hostname.replace(/[/+#\p{Cc}$]/gu, "-"), formats.topicLevel, "The agent's name in every topic"),
  },
  mqtt: {
    url: leaf(
      "embedded",
      formats.address(["mqtt", "mqtts", "ws", "wss"], "embedded"),
      "The broker, or `embedded` for one inside the agent",
    ),
    prefix: leaf("retort", formats.topicPrefix, "The first level, or levels, of every topic"),
    username: optional(formats.text, "For the broker"),
    passwordFile: optional(formats.text, "A file whose first line is the password for the broker"),
    caFile: optional(formats.text, "PEM: the authorities that may vouch for the broker"),
    certFile: optional(formats.text, "PEM: the certificate that the agent shows to the broker"),
    keyFile: optional(formats.text, "PEM: the key of that certificate"),
    serverName: optional(formats.hostName, "The name in the broker's certificate, where it is not the one in mqtt.url"),
  },
  inference: {
    providers: leaf(
      ["tensorrt", "cuda", "cpu"],
      formats.listOf("tensorrt", "cuda", "cpu"),
      "Execution providers in order of preference",
    ),
    precision: leaf("fp16", formats.oneOf("fp32", "fp16"), "Where the provider has the choice"),
    threads: leaf(0, formats.integer(0, 1024), "CPU threads of one inference, 0: as many as there are cores"),
    maxBatch: leaf(8, formats.integer(1, 256), "Frames of cameras that share a model, in one inference"),
  },
  evidence: {
    enabled: leaf(true, formats.flag, "Whether alerts get pictures, and their raw frames are kept for feedback"),
    maxMb: leaf(512, formats.integer(1, 1_000_000), "Of pictures and raw frames on disk; the oldest go first"),
    keepDays: leaf(30, formats.positive(36_500), "How long they are kept"),
    quality: leaf(80, formats.integer(1, 100), "Of the JPEG"),
    ringFrames: leaf(8, formats.integer(0, 1_000), "Raw frames kept with an alert, the raising one and those before"),
    ringMb: leaf(64, formats.integer(1, 100_000), "Memory for the newest frames of all cameras"),
  },
  http: {
    enabled: leaf(true, formats.flag, "Whether the agent answers HTTP"),
    host: leaf("127.0.0.1", formats.text, "The address that is listened on"),
    port: leaf("auto", formats.portOrAuto, "`auto`: 8080, or any free one where that is taken; 0: any free one"),
    tokenFile: optional(formats.text, "A file whose first line is the token that clients must show"),
    names: leaf([], formats.hostNames, "Host names, besides this machine's own, that requests on loopback may ask for"),
    maxConnections: leaf(64, formats.integer(1, 10_000), "Connections at once"),
    maxStreams: leaf(4, formats.integer(0, 1_000), "Clients of /stream at once, all cameras together"),
    streamFps: leaf(10, formats.positive(120), "The most pictures a second of one stream"),
  },
  alerts: {
    floodAbove: leaf(60, formats.integer(0, 100_000), "Alerts raised a minute that are a flood, 0: none is"),
    summaryEveryS: leaf(5, formats.number(1, 3_600), "Between two messages about a flood"),
    historyMax: leaf(2_000, formats.integer(1, 100_000), "Alerts that /api/alerts knows of, in memory and on disk"),
    historyDays: leaf(30, formats.positive(36_500), "How long it knows them"),
  },
  outbox: {
    maxMb: leaf(256, formats.positive(1_048_576), "MiB of alerts and evidence that wait for the broker, on disk"),
    maxAgeHours: leaf(168, formats.positive(876_000), "Hours of the agent's running after which they are given up"),
  },
  state: { path: leaf("state", formats.text, "Where the agent keeps what must survive a restart") },
});

export const modelSchema: SchemaTree = {
  path: required(formats.text, "A model bundle's directory"),
  selfTest: {
    path: optional(formats.text, "A folder of known-bad pictures, or `demo` for drawn ones"),
    goodPath: optional(formats.text, "A folder of known-good pictures"),
    everyMinutes: leaf(60, formats.number(1, 10_080), "Between two tests; the first is at the start"),
  },
};

/** One camera but for its `source`. */
export const cameraSchema: SchemaTree = {
  id: required(formats.topicLevel, "The camera's name in its topics"),
  model: required(formats.text, "A key of `models`"),
  enabled: leaf(true, formats.flag, "Whether the camera is inspected"),
  fps: leaf(10, formats.positive(10_000), "The most frames a second"),
  roi: {
    x: leaf(0, formats.number(0, 1), "Left edge, as a share of the frame's width"),
    y: leaf(0, formats.number(0, 1), "Upper edge, as a share of the frame's height"),
    width: leaf(1, formats.positive(1), "As a share of the frame's width"),
    height: leaf(1, formats.positive(1), "As a share of the frame's height"),
  },
  health: {
    enabled: leaf(true, formats.flag, "Whether pictures that are no view of a part are told from defects"),
    black: leaf(0.999, formats.shareOrOff, "Share of the picture that is dark, from which on it is black"),
    saturated: leaf(0.99, formats.shareOrOff, "Share that is as bright as can be, from which on it is saturated"),
    frozenAfter: leaf("auto", formats.countOr("auto", "off"), "The same picture so many times in a row"),
    blurred: leaf(0.3, formats.shareOrOff, "Share of the training's least sharpness, below which it is blurred"),
    obstructed: leaf(0.5, formats.shareOrOff, "Share of the view that lost its detail, from which on it is obstructed"),
  },
  alert: {
    threshold: leaf("model", formats.threshold, "`model`, or a score"),
    raiseAfter: leaf(2, formats.integer(1, 1_000), "Anomalous frames that raise an alert"),
    within: optional(
      formats.integer(1, 10_000),
      "The latest frames that raiseAfter counts in; clearAfter of them unless given",
    ),
    clearAfter: leaf(5, formats.integer(1, 10_000), "Good frames in a row that clear it"),
    clearBelow: leaf(0.9, formats.positive(1), "How good a frame must be to clear it, as a share of the threshold"),
    mergeWithinS: leaf(
      10,
      formats.number(0, 86_400),
      "A defect that comes back at its place so soon is the same alert",
    ),
  },
};

const pixels = formats.integer(16, 16_384);
const size = { width: optional(pixels, "Pixels"), height: optional(pixels, "Pixels") };
const loop = leaf(true, formats.flag, "Start again at the end");

/** What each kind of source needs besides its `type`. */
export const sourceSchemas: Readonly<Record<SourceType, SchemaTree>> = {
  demo: {},
  images: { path: required(formats.text, "A folder of pictures"), loop },
  file: { path: required(formats.text, "A video file"), loop },
  v4l2: {
    device: leaf("/dev/video0", formats.text, "The device"),
    ...size,
    format: optional(formats.text, "A raw format such as YUY2, or MJPG"),
  },
  csi: {
    sensorId: leaf(0, formats.integer(0, 63), "The sensor's number"),
    ...size,
    framerate: optional(formats.positive(1_000), "Frames a second of the sensor"),
  },
  rtsp: {
    url: required(formats.address(["rtsp", "rtsps"]), "The stream"),
    latencyMs: leaf(100, formats.integer(0, 60_000), "The jitter buffer"),
    transport: leaf("tcp", formats.oneOf("tcp", "udp"), "How the stream travels"),
    codec: leaf("auto", formats.oneOf("auto", "h264", "h265", "mjpeg"), "Named where the decoder must be"),
    username: optional(formats.text, "For the camera"),
    passwordFile: optional(formats.text, "A file whose first line is the password for the camera"),
  },
  aravis: {
    camera: optional(formats.text, "Aravis's name of the camera, or its address"),
    trigger: leaf("off", formats.oneOf("off", "software", "hardware"), "What starts an exposure"),
    triggerSource: optional(formats.text, "The line of a hardware trigger, such as Line1"),
    exposureUs: optional(formats.positive(60_000_000), "Microseconds"),
    gain: optional(formats.number(0, 1_000), "As the camera counts it"),
    format: optional(formats.oneOf("mono", "bayer", "rgb"), "What the camera sends, mono unless given"),
    ...size,
  },
  gstreamer: {
    launch: required(formats.text, "A launch line without a sink"),
    live: leaf(true, formats.flag, "Keep the newest frame only"),
  },
};

export const sourceTypes = Object.keys(sourceSchemas) as readonly SourceType[];
