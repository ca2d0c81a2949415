import { chapter, failed, fine } from "./chapter.js";

const IF_EXPECTED = "Nothing to do unless one should be there.";

export const doctorCodes = chapter("What `retort doctor` finds", "README.md#your-own-parts", {
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
  CAMERA_V4L2: fine("A video device is there."),
  CAMERA_V4L2_NONE: failed("No video device is there.", IF_EXPECTED),
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
  LISTENER_FREE: fine("The port that the agent will listen on is free."),
  MODEL_OK: fine("The model runs."),
  MODEL_UNUSABLE: failed("The model cannot be run for a reason that has no code of its own.", "Check the bundle."),
  PROVIDER_NOT_USED: failed(
    "An execution provider is not used.",
    "Nothing to do unless this machine has the hardware for it.",
  ),
  SOCKET_BUFFER_OK: fine("The kernel lets a socket hold a picture of a GigE Vision camera."),
  SOCKET_BUFFER_SMALL: failed(
    "The kernel's socket buffers are small for a GigE Vision camera: pictures may arrive with holes.",
    "Raise net.core.rmem_max to what doctor says, with sysctl -w and in /etc/sysctl.d.",
  ),
  SOCKET_BUFFER_UNKNOWN: failed("The kernel's limit of socket buffers cannot be read.", "Nothing to do."),
});
