import * as assert from "uvu/assert";
import { type LaunchedSource, launchLine, visionLine } from "../../agent/capture/launch/sources.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";

const test = suite("launch lines");
const whole = { x: 0, y: 0, width: 1, height: 1 };
const options = { input: { width: 256, height: 256 }, roi: whole } as const;

const aside = [
  "tee name=picture",
  "appsink name=native max-buffers=1 drop=true sync=false async=false wait-on-eos=false picture.",
];
const ungated = ["identity name=gauge", ...aside];
const gated = ["identity name=gauge", "valve name=gate drop=true drop-mode=forward-sticky-events", ...aside];
const scaledOnPc = [
  "videoscale add-borders=false",
  "videoconvert",
  "video/x-raw,format=RGB,width=256,height=256,pixel-aspect-ratio=1/1",
];
const scaledOnJetson = [
  "nvvidconv interpolation-method=5",
  "video/x-raw,format=RGBA,width=256,height=256",
  "videoconvert",
  "video/x-raw,format=RGB",
];
const inTurn = "appsink name=frames max-buffers=1 sync=false async=false";
const newest = "appsink name=frames max-buffers=1 drop=true sync=false async=false";

interface Case {
  readonly what: string;
  readonly board: "generic" | "jetson";
  readonly source: LaunchedSource;
  readonly password?: string;
  readonly elements: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: "v4l2, compressed",
    board: "generic",
    source: { type: "v4l2", device: "/dev/video0", width: 1280, height: 720, format: "MJPG" },
    elements: [
      'v4l2src device="/dev/video0"',
      "image/jpeg,width=1280,height=720",
      "jpegdec",
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnPc,
      newest,
    ],
  },
  {
    what: "v4l2, compressed",
    board: "jetson",
    source: { type: "v4l2", device: "/dev/video0", width: 1280, height: 720, format: "MJPG" },
    elements: [
      'v4l2src device="/dev/video0"',
      "image/jpeg,width=1280,height=720",
      "nvv4l2decoder mjpeg=1",
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnJetson,
      newest,
    ],
  },
  {
    what: "v4l2, raw",
    board: "generic",
    source: { type: "v4l2", device: "/dev/video1", format: "YUY2" },
    elements: [
      'v4l2src device="/dev/video1"',
      "video/x-raw,format=YUY2",
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnPc,
      newest,
    ],
  },
  {
    what: "csi",
    board: "generic",
    source: { type: "csi", sensorId: 0, width: 1920, height: 1080, framerate: 30 },
    elements: [
      "libcamerasrc",
      "video/x-raw,width=1920,height=1080,framerate=30/1",
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnPc,
      newest,
    ],
  },
  {
    what: "csi",
    board: "jetson",
    source: { type: "csi", sensorId: 0, width: 1920, height: 1080, framerate: 30 },
    elements: [
      "nvarguscamerasrc sensor-id=0",
      "video/x-raw(memory:NVMM),format=NV12,width=1920,height=1080,framerate=30/1",
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnJetson,
      newest,
    ],
  },
  {
    what: "rtsp, h264, with a password",
    board: "generic",
    source: {
      type: "rtsp",
      url: "rtsp://10.0.0.5/main",
      latencyMs: 100,
      transport: "tcp",
      codec: "h264",
      username: "eve",
    },
    password: 'se"cret',
    elements: [
      'rtspsrc location="rtsp://10.0.0.5/main" protocols=tcp latency=100 drop-on-latency=true tcp-timeout=5000000 user-id="eve" user-pw=\\"se\\\\042cret\\" : capsfilter caps="application/x-rtp,media=video"',
      "rtph264depay",
      "h264parse",
      'decodebin : capsfilter caps="video/x-raw(ANY)"',
      ...gated,
      ...scaledOnPc,
      newest,
    ],
  },
  {
    what: "rtsp, h264",
    board: "jetson",
    source: { type: "rtsp", url: "rtsp://10.0.0.5/main", latencyMs: 100, transport: "tcp", codec: "h264" },
    elements: [
      'rtspsrc location="rtsp://10.0.0.5/main" protocols=tcp latency=100 drop-on-latency=true tcp-timeout=5000000 : capsfilter caps="application/x-rtp,media=video"',
      "rtph264depay",
      "h264parse",
      "nvv4l2decoder",
      ...gated,
      ...scaledOnJetson,
      newest,
    ],
  },
  {
    what: "rtsp, codec found out",
    board: "generic",
    source: { type: "rtsp", url: "rtsp://h/x", latencyMs: 200, transport: "udp", codec: "auto" },
    elements: [
      'rtspsrc location="rtsp://h/x" protocols=udp latency=200 drop-on-latency=true tcp-timeout=5000000 : capsfilter caps="application/x-rtp,media=video"',
      'decodebin : capsfilter caps="video/x-raw(ANY)"',
      ...gated,
      ...scaledOnPc,
      newest,
    ],
  },
  {
    what: "file with quotes in its name",
    board: "generic",
    source: { type: "file", path: '/data/my "film".mp4', loop: false },
    elements: [
      'filesrc location=\\"/data/my\\\\040\\\\042film\\\\042.mp4\\"',
      'decodebin : capsfilter caps="video/x-raw(ANY)"',
      "videoconvert",
      "videoflip video-direction=auto",
      ...ungated,
      ...scaledOnPc,
      inTurn,
    ],
  },
  {
    what: "file",
    board: "jetson",
    source: { type: "file", path: "/f.mp4", loop: false },
    elements: [
      'filesrc location="/f.mp4"',
      'decodebin : capsfilter caps="video/x-raw(ANY)"',
      "nvvidconv",
      "video/x-raw,format=I420",
      "videoflip video-direction=auto",
      ...ungated,
      ...scaledOnJetson,
      inTurn,
    ],
  },
  {
    what: "gstreamer, waits to be asked",
    board: "generic",
    source: { type: "gstreamer", launch: "videotestsrc", live: false },
    elements: ["videotestsrc", ...ungated, ...scaledOnPc, inTurn],
  },
  {
    what: "gstreamer, live",
    board: "jetson",
    source: { type: "gstreamer", launch: "videotestsrc is-live=true", live: true },
    elements: [
      "videotestsrc is-live=true",
      'capsfilter caps="video/x-raw(memory:NVMM);video/x-raw,format={NV12,I420,YUY2,UYVY,GRAY8,BGRx,RGBA}"',
      "output-selector pad-negotiation-mode=none",
      ...gated,
      ...scaledOnJetson,
      newest,
    ],
  },
];

for (const { what, board, source, password, elements } of cases) {
  test(`${what}, ${board}`, () => {
    assert.is(launchLine(source, { ...options, board }, password), elements.join(" ! "));
  });
}

test("aravis, generic: its pictures are fed to GStreamer as the camera sends them", () => {
  const mono = { gstreamer: "video/x-raw,format=GRAY8", width: 640, height: 480 };
  assert.is(
    visionLine(mono, { ...options, board: "generic" }),
    [
      'appsrc name=camera format=time caps="video/x-raw,format=GRAY8,width=640,height=480,framerate=0/1"',
      ...ungated,
      ...scaledOnPc,
      inTurn,
    ].join(" ! "),
  );
  const bayer = { gstreamer: "video/x-bayer,format=rggb", width: 640, height: 480 };
  assert.is(
    visionLine(bayer, { ...options, board: "generic" }),
    [
      'appsrc name=camera format=time caps="video/x-bayer,format=rggb,width=640,height=480,framerate=0/1"',
      "bayer2rgb",
      ...ungated,
      ...scaledOnPc,
      inTurn,
    ].join(" ! "),
  );
});

test("aravis, jetson: into a format that its scaler takes", () => {
  const rgb = { gstreamer: "video/x-raw,format=RGB", width: 640, height: 480 };
  assert.is(
    visionLine(rgb, { ...options, board: "jetson" }),
    [
      'appsrc name=camera format=time caps="video/x-raw,format=RGB,width=640,height=480,framerate=0/1"',
      "videoconvert",
      'capsfilter caps="video/x-raw(memory:NVMM);video/x-raw,format={NV12,I420,YUY2,UYVY,GRAY8,BGRx,RGBA}"',
      "identity name=gauge",
      "tee name=picture",
      "appsink name=native max-buffers=1 drop=true sync=false async=false wait-on-eos=false picture.",
      ...scaledOnJetson,
      inTurn,
    ].join(" ! "),
  );
});

test("a line whose videorate could abort the agent is refused; others that use it are not", () => {
  const line = (launch: string) =>
    launchLine({ type: "gstreamer", launch, live: true }, { ...options, board: "generic" });
  for (const rate of [
    "videorate drop-only=true max-rate=5",
    'videorate max-rate=5 drop-only = "true"',
    "videorate drop-only=1",
    "videorate drop-only=t",
    "videorate drop_only=YES",
    "videorate drop-only=true average-period=00",
    "( name=all rate::drop-only=true videorate name=rate )",
  ]) {
    assert.throws(
      () => line(`v4l2src ! ${rate} ! video/x-raw`),
      (error: unknown) => error instanceof CodedError && error.code === "CAMERA_LAUNCH_REFUSED",
    );
  }
  const harmless = [
    "videorate ! video/x-raw,framerate=5/1",
    "videorate drop-only = false max-rate=5",
    "videorate drop-only=true average-period=1000000000",
    "videorate drop_only=true average_period=1",
  ];
  for (const rate of harmless) assert.match(line(`v4l2src ! ${rate}`), rate);
});

test("a region of interest gets the model's size: the whole is scaled up, then cropped", () => {
  const roi = { x: 0.25, y: 0.5, width: 0.5, height: 0.25 };
  const line = launchLine(
    { type: "gstreamer", launch: "videotestsrc", live: false },
    { ...options, roi, board: "generic" },
  );
  assert.match(line, "video/x-raw,format=RGB,width=512,height=1024,");
  assert.match(line, "videocrop left=128 right=128 top=512 bottom=256 ! appsink name=frames");
});

test.run();
