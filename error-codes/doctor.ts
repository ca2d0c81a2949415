import { chapter, failed, fine } from "./chapter.js";

const IF_EXPECTED = "Nothing to do unless one should be there.";

export const doctorCodes = chapter("What `retort doctor` finds", "docs/models.md", {
  ARAVIS_MISSING: failed(
    "Aravis is not there: GigE Vision and USB3 Vision cameras cannot be used.",
    "Install libaravis-0.8-0, or run the set-up again (npm start).",
  ),
  ARAVIS_OK: fine("Aravis is there."),
  BROKER_EMBEDDED: fine("The broker is embedded and starts with the agent."),
  BROKER_NOT_HEARD: failed(
    "The broker took a message and did not give it back.",
    "Let the agent's user write and read `<prefix>/<agent id>/#` in the broker's access list.",
  ),
  BROKER_REACHED: fine("The broker answers."),
  BROKER_UNREACHABLE: failed("The broker cannot be used.", "See the broker's log."),
  CAMERA_ARAVIS: fine("A GigE Vision or USB3 Vision camera answers."),
  CAMERA_ARAVIS_NONE: failed("No GigE Vision or USB3 Vision camera answers.", IF_EXPECTED),
  CAMERA_ARAVIS_UNKNOWN: failed(
    "The tool that lists GigE Vision and USB3 Vision cameras is not there.",
    "Install aravis-tools.",
  ),
  CAMERA_CSI: fine("A camera on a board's camera connector is there."),
  CAMERA_LIST_UNKNOWN: failed(
    "GStreamer's tool that names cameras is not there.",
    "Install gstreamer1.0-plugins-base-apps, so that doctor says what each camera offers.",
  ),
  CAMERA_V4L2: fine("A video device is there."),
  CAMERA_V4L2_FORBIDDEN: failed(
    "A video device is there that this user may not open.",
    "Add the agent's user to the group video (usermod -aG video USER), and log in anew.",
  ),
  CAMERA_V4L2_NONE: failed("No video device is there.", IF_EXPECTED),
  CLOCK_BEHIND: failed(
    "The clock shows a time before this program was installed.",
    "Set it, and switch on time synchronisation: alerts carry its times, and TLS refuses certificates by it.",
  ),
  CLOCK_OK: fine("The clock is held to a time server's."),
  CLOCK_UNKNOWN: failed(
    "Whether the clock is held to a time server's cannot be found out.",
    "See `timedatectl`, or `chronyc tracking`.",
  ),
  CLOCK_UNSYNCHRONISED: failed(
    "No time server holds the clock: alerts and verdicts carry its times.",
    "Run `timedatectl set-ntp true`, or install chrony with the plant's time server.",
  ),
  CORES_CROWDED: failed(
    "Inference has more threads than cores: on the CPU they hold each other up.",
    "Set inference.threads to the cores divided by the models.",
  ),
  CORES_OK: fine("Each thread of inference has a core."),
  CPU_SAVING: failed(
    "The CPU is kept at its lowest frequency.",
    "Run `cpupower frequency-set -g performance`; on a Jetson choose the mode with `nvpmodel` and run `jetson_clocks`.",
  ),
  DISK_LOW: failed("There is little room for the agent's state.", "Make room: 500 MB should be free."),
  DISK_OK: fine("There is room for the agent's state."),
  GSTREAMER_ELEMENT_MISSING: failed(
    "GStreamer lacks an element that a kind of source needs.",
    "Install GStreamer's base, good, bad and libav plugins, or run the set-up again (npm start).",
  ),
  GSTREAMER_MISSING: failed(
    "GStreamer's tools are not there.",
    "Install gstreamer1.0-tools, or run the set-up again (npm start).",
  ),
  GSTREAMER_OK: fine("GStreamer has what a kind of source needs."),
  GSTREAMER_SILENT: failed(
    "GStreamer's tools do not answer.",
    "Run `gst-inspect-1.0` by hand: after an installation it looks at every plugin, for minutes on a slow disk. Where it never ends, remove the plugin that it looks at.",
  ),
  LISTENER_FREE: fine("The port that the agent will listen on is free."),
  MODEL_OK: fine("The model runs."),
  MODEL_UNUSABLE: failed("The model cannot be run for a reason that has no code of its own.", "Check the bundle."),
  POOL_OK: fine("The thread pool is large enough for the cameras."),
  POOL_SMALL: failed(
    "The thread pool is too small for the cameras: one that is silent could stop the others.",
    "Start the agent with UV_THREADPOOL_SIZE as large as doctor says.",
  ),
  PROVIDER_NOT_USED: failed(
    "An execution provider is not used.",
    "Nothing to do unless this machine has the hardware for it.",
  ),
  SETTING_UNREACHED: failed(
    "A setting does nothing: this build of ONNX Runtime does not hand it on, or the provider in use takes no such setting.",
    "Take the setting out, or use a build of ONNX Runtime that hands it on (docs/models.md).",
  ),
  SOCKET_BUFFER_OK: fine("The kernel lets a socket hold a picture of a GigE Vision camera."),
  SOCKET_BUFFER_SMALL: failed(
    "The kernel's socket buffers are small for a GigE Vision camera: pictures may arrive with holes.",
    "Raise net.core.rmem_max to what doctor says, with sysctl -w and in /etc/sysctl.d.",
  ),
  SOCKET_BUFFER_UNKNOWN: failed("The kernel's limit of socket buffers cannot be read.", "Nothing to do."),
});
