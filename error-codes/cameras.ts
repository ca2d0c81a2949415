import { chapter, failed, wrong } from "./chapter.js";

export const cameraCodes = chapter("Cameras and their pictures", "docs/cameras.md", {
  CAMERA_LAUNCH_REFUSED: wrong(
    "A launch line could end the whole agent: GStreamer's videorate with drop-only=true aborts at a stream without a rate and durations.",
    "Take videorate out of the line: the camera's fps says how many pictures are taken.",
  ),
  CAMERA_PASSWORD_UNREADABLE: wrong(
    "The file of a camera's password cannot be read.",
    "Point passwordFile to a file that this user may read.",
  ),
  CAMERA_PICTURE_INCOMPLETE: failed(
    "A picture arrived with holes: packets were lost before they were read.",
    "Raise net.core.rmem_max as `retort doctor` says; larger packets (an MTU of 9000) or CAP_NET_RAW help too.",
  ),
  FRAME_SIZE: failed(
    "A frame does not have the size of the model's input.",
    "Report this: capture scales every frame to the model's input.",
  ),
  IMAGE_BLACK: failed("Nearly all of the picture is black.", "Check the light, the lens cap and the exposure."),
  IMAGE_BLURRED: failed("The picture is blurred, against those that the model learned from.", "Check focus and lens."),
  IMAGE_FROZEN: failed("The camera delivers the same picture again and again.", "Restart the camera; check its cable."),
  IMAGE_OBSTRUCTED: failed(
    "Places that have detail in good pictures have none.",
    "Clean the lens, and look for what is in front of the camera.",
  ),
  IMAGE_SATURATED: failed("Nearly all of the picture is as bright as can be.", "Lower the exposure, or the light."),
});

export const inferenceCodes = chapter("Inference", "docs/operations.md", {
  AGENT_STUCK: failed(
    "Inference threads do not come back: only a new process can go on.",
    "The agent ends, to be started anew; if it happens again, look at the GPU's driver and the model.",
  ),
  BINDING_UNUSABLE: wrong(
    "RETORT_ORT_BINDING names no build of ONNX Runtime for Node.",
    "Name the folder of the package that was built for this machine, or unset the variable: npm's onnxruntime-node is used then.",
  ),
  ENGINE_CLOSED: failed("The model was closed while a frame waited for it.", "Nothing to do: it happens at a stop."),
  ENGINE_NO_PROVIDER: failed(
    "No execution provider can run the model.",
    "Check the model file, and keep cpu in inference.providers.",
  ),
  ENGINE_OPEN_FAILED: failed(
    "The model cannot be run.",
    "Check the bundle, or run `retort doctor` for the providers this machine has.",
  ),
  ENGINE_STALLED: failed(
    "Inferences do not return: the GPU's driver hangs, or the machine is far too busy.",
    "The agent replaces the thread by itself; if it happens again, look at the GPU's driver and the machine's load.",
  ),
  ENGINE_WORKER_DIED: failed(
    "The inference thread died.",
    "The agent starts it again by itself; if it happens again, look at memory and the model.",
  ),
  INFERENCE_FAILED: failed("The model could not judge a frame.", "Check the bundle; the reason is ONNX Runtime's own."),
  PIPELINE_STUCK: failed(
    "A camera's frames are captured and not judged, or nothing comes of it and capture does not say why: only a new process can go on.",
    "Its supervisor starts the agent anew; where it has none, do so; if it happens again, report it with the log.",
  ),
  SCORE_NOT_FINITE: failed(
    "The model's score or its map is not a number.",
    "The model is damaged or its training diverged: train it again.",
  ),
  SELF_TEST_BROKEN: failed("The model could not be shown its golden pictures.", "Check the folders of selfTest."),
  SELF_TEST_FAILED: failed(
    "The model no longer sees a known-bad picture, or rejects a known-good one, at the camera's threshold.",
    "Correct the threshold, or train the model again.",
  ),
});
