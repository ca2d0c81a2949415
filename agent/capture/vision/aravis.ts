/**
 * Aravis, the library of GigE Vision and USB3 Vision cameras.
 *
 * Not through its GStreamer element: `aravissrc` (0.8) blocks its caller for a second where no camera answers, and the agent with
 * it; breaks off after two seconds without a picture, though a trigger may be minutes away; holds its lock while it waits, so that
 * no software trigger can be issued; and asks for no socket buffer, so that large pictures arrive with holes.
 */
import type { Ref } from "../../kit/ffi.js";
import { bytesAt, loadLibrary, out, stringsAt } from "./glib.js";

/** The 0.8 series, in Debian 12 and Ubuntu 22.04 and later. */
const SONAME = "libaravis-0.8.so.0";

export type Aravis = ReturnType<typeof bind>;

let bound: Aravis | undefined;

/** Aravis, loaded with the first camera that needs it. Throws with the loader's words where the library is missing. */
export function loadAravis(): Aravis {
  bound ??= bind();
  return bound;
}

function bind() {
  const { sync, away, asking } = loadLibrary(SONAME);
  const free = loadLibrary("libglib-2.0.so.0").sync<[Ref], void>("g_free", "void", ["void *"]);
  const { sync: ofObject, away: awayOfObject } = loadLibrary("libgobject-2.0.so.0");
  const object = "void *";

  const has = (name: string) => asking<[camera: Ref], number>(name, "int", [object]);
  const set = (name: string, type: "int" | "double" | "str") =>
    asking<[camera: Ref, value: number | string], void>(name, "void", [object, type]);

  const formats = asking<[Ref, [number]], Ref>("arv_camera_dup_available_pixel_formats_as_strings", object, [
    object,
    out("uint"),
  ]);
  const region = asking<[Ref, [number], [number], [number], [number]], void>("arv_camera_get_region", "void", [
    object,
    ...Array.from({ length: 4 }, () => out("int")),
  ]);
  const createStream = asking<[Ref, null, null], Ref>("arv_camera_create_stream", object, [object, object, object]);
  // Of variable length: each value after its type.
  const setProperties = ofObject<readonly [Ref, string, ...(string | number | null)[]], void>("g_object_set", "void", [
    object,
    "str",
    "...",
  ]);
  const integer = asking<[Ref, string], unknown>("arv_camera_get_integer", "int64_t", [object, "str"]);
  const pop = away<[Ref, number], Ref | null>("arv_stream_timeout_pop_buffer", object, [object, "uint64_t"]);
  const newBuffer = sync<[number, null], Ref>("arv_buffer_new", object, ["size_t", object]);
  const data = sync<[Ref, [number | bigint]], Ref>("arv_buffer_get_data", object, [object, out("size_t")]);
  const arrivedAtNs = sync<[Ref], number | bigint>("arv_buffer_get_system_timestamp", "uint64_t", [object]);
  const isGv = sync<[Ref], number>("arv_camera_is_gv_device", "int", [object]);

  return {
    /** @param name Aravis's name of the camera, or its address; null for the first that answers. Takes a second or two. */
    open: asking<[name: string | null], Ref>("arv_camera_new", object, ["str"]),
    async pixelFormats(camera: Ref): Promise<readonly string[]> {
      const count: [number] = [0];
      const list = await formats(camera, count);
      const names = stringsAt(list, count[0]);
      free(list);
      return names;
    },
    setPixelFormat: set("arv_camera_set_pixel_format_from_string", "str"),
    /** -1 leaves an offset or a length as it is. */
    setRegion: asking<[camera: Ref, x: number, y: number, width: number, height: number], void>(
      "arv_camera_set_region",
      "void",
      [object, "int", "int", "int", "int"],
    ),
    async size(camera: Ref): Promise<{ readonly width: number; readonly height: number }> {
      const [width, height]: [[number], [number]] = [[0], [0]];
      await region(camera, [0], [0], width, height);
      return { width: width[0], height: height[0] };
    },
    /** ArvAcquisitionMode: 0 for continuous. */
    setAcquisitionMode: set("arv_camera_set_acquisition_mode", "int"),
    hasFeature: asking<[camera: Ref, name: string], number>("arv_camera_is_feature_available", "int", [object, "str"]),
    clearTriggers: asking<[camera: Ref], void>("arv_camera_clear_triggers", "void", [object]),
    /** Starts each frame by a line, or by `Software`; all other triggers are switched off. */
    setTrigger: set("arv_camera_set_trigger", "str"),
    trigger: asking<[camera: Ref], void>("arv_camera_software_trigger", "void", [object]),
    hasFrameRate: has("arv_camera_is_frame_rate_available"),
    frameRate: asking<[camera: Ref], number>("arv_camera_get_frame_rate", "double", [object]),
    setFrameRate: set("arv_camera_set_frame_rate", "double"),
    /** ArvAuto: 0 for off. */
    hasExposureAuto: has("arv_camera_is_exposure_auto_available"),
    setExposureAuto: set("arv_camera_set_exposure_time_auto", "int"),
    setExposureUs: set("arv_camera_set_exposure_time", "double"),
    hasGainAuto: has("arv_camera_is_gain_auto_available"),
    setGainAuto: set("arv_camera_set_gain_auto", "int"),
    setGain: set("arv_camera_set_gain", "double"),
    /** Reads what every camera has. Rejects where this one no longer answers. */
    ask: (camera: Ref) => integer(camera, "Width"),
    /** Bytes of one picture. */
    payload: asking<[camera: Ref], number>("arv_camera_get_payload", "uint", [object]),
    createStream: (camera: Ref) => createStream(camera, null, null),
    isNetworked: (camera: Ref): boolean => isGv(camera) !== 0,
    /** How much the kernel keeps for us of what has arrived; it grants at most net.core.rmem_max. */
    setSocketBuffer(stream: Ref, bytes: number): void {
      // 0: of a fixed size (ArvGvStreamSocketBuffer).
      setProperties(stream, "socket-buffer", "int", 0, "str", "socket-buffer-size", "int", bytes, object, null);
    },
    start: asking<[camera: Ref], void>("arv_camera_start_acquisition", "void", [object]),
    stop: asking<[camera: Ref], void>("arv_camera_stop_acquisition", "void", [object]),
    newBuffer: (bytes: number): Ref => newBuffer(bytes, null),
    /** Gives a buffer to the stream, to be filled. */
    push: sync<[stream: Ref, buffer: Ref], void>("arv_stream_push_buffer", "void", [object, object]),
    /** The next filled buffer, ours until it is pushed back; null where none came in time. */
    pop: (stream: Ref, timeoutMs: number): Promise<Ref | null> => pop(stream, timeoutMs * 1_000),
    /** ArvBufferStatus: 0 for a whole picture. */
    status: sync<[buffer: Ref], number>("arv_buffer_get_status", "int", [object]),
    /** When a picture's first packet came, by the wall clock, epoch milliseconds. */
    arrivedAtMs: (buffer: Ref): number => Number(arrivedAtNs(buffer)) / 1e6,
    /** A copy of a picture's bytes. */
    read(buffer: Ref): Uint8Array<ArrayBuffer> {
      const length: [number | bigint] = [0];
      const start = data(buffer, length);
      return bytesAt(start, Number(length[0]));
    },
    /** Off the main thread: a stream waits for its thread to end, and a camera is given up by a packet. */
    release: awayOfObject<[object: Ref], void>("g_object_unref", "void", [object]),
  };
}
