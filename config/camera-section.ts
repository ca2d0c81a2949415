import { list, nullable, optional, required, section, setting, variants } from "./declare.js";
import {
  address,
  either,
  flag,
  frameCount,
  integer,
  number,
  oneOf,
  path,
  positive,
  score,
  text,
  topicLevel,
} from "./formats.js";
import { cameraModbusSection } from "./modbus-section.js";

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

/** What a configuration says of each camera. */
export const camerasList = list(
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
