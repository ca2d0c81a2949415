/** A camera that GStreamer's device monitor names. */
export interface ListedCamera {
  readonly name: string;
  /** Its device, such as /dev/video0; null where it has none of its own (libcamera's). */
  readonly device: string | null;
  /** The kernel's driver, null where it is not said. */
  readonly driver: string | null;
  /** The element that plays it, null where it is not said. */
  readonly element: string | null;
  readonly modes: readonly CameraMode[];
}

/** The most of what one line of a camera's caps offers. */
export interface CameraMode {
  /** As in `video/x-raw`. */
  readonly media: string;
  /** As in `YUY2`; null where it is compressed, or not said. */
  readonly format: string | null;
  readonly width: number;
  readonly height: number;
  /** Frames a second; null where it is not said. */
  readonly fps: number | null;
}

/** What is not a rate but GStreamer's word for any. */
const ANY_RATE = 1_000;

/**
 * The cameras in what `gst-device-monitor-1.0 Video/Source` prints: versions 1.14 (types before each value, spaces behind a backslash) to
 * 1.26, by the providers of Video4Linux, libcamera, PipeWire and UVC H.264. A device that two of them name is one camera.
 */
export function listedCameras(text: string): readonly ListedCamera[] {
  const cameras: ListedCamera[] = [];
  for (const block of text.split(/^Device found:[ \t]*$/m).slice(1)) {
    const camera = cameraIn(block);
    if (camera === null) continue;
    const same = cameras.findIndex(({ device }) => device !== null && device === camera.device);
    const before = cameras[same];
    if (before === undefined) cameras.push(camera);
    else cameras[same] = { ...before, modes: [...before.modes, ...camera.modes] };
  }
  return cameras;
}

function cameraIn(block: string): ListedCamera | null {
  const field = (name: string) => new RegExp(`^\\s+${name}\\s*: (.*)$`, "m").exec(block)?.[1]?.trim();
  const name = field("name");
  const kind = field("class");
  // libcamera has the two words the other way round.
  if (name === undefined || kind === undefined || !/^(Video\/Source|Source\/Video)\b/.test(kind)) return null;
  const [, caps = ""] = /^\s+caps\s*: ([\s\S]*?)^\s+(?:properties:|gst-launch-1\.0 )/m.exec(block) ?? [];
  const [, element = null] = /^\s+gst-launch-1\.0 ([\w-]+)/m.exec(block) ?? [];
  const properties = propertiesIn(block);
  const device = properties.get("device.path") ?? properties.get("api.v4l2.path");
  return {
    name,
    device: device ?? /^v4l2:(\/dev\/.+)$/.exec(properties.get("object.path") ?? "")?.[1] ?? null,
    driver: properties.get("v4l2.device.driver") ?? properties.get("api.v4l2.cap.driver") ?? null,
    element,
    modes: caps.split("\n").flatMap(modeIn),
  };
}

function propertiesIn(block: string): ReadonlyMap<string, string> {
  const lines = block.matchAll(/^\s+([\w.-]+) = (.*)$/gm);
  return new Map(
    [...lines].map(([, key = "", value = ""]) => [
      key,
      value
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .replace(/\\(.)/g, "$1"),
    ]),
  );
}

function modeIn(line: string): readonly CameraMode[] {
  const [, media] = /^\s*((?:video|image)\/[\w-]+)/.exec(line) ?? [];
  const textOf = (key: string) =>
    new RegExp(`[, ]${key}=(?:\\([a-z]+\\))?\\s*([[{][^\\]}]*[\\]}]|[^,;\\s]+)`).exec(line)?.[1] ?? "";
  const most = (key: string) => Math.max(0, ...[...textOf(key).matchAll(/\d+/g)].map(Number));
  const [width, height] = [most("width"), most("height")];
  if (media === undefined || width === 0 || height === 0) return [];
  const [, format = null] = /^\{?\s*(?:\([a-z]+\))?([\w-]+)/.exec(textOf("format")) ?? [];
  const rates = [...textOf("framerate").matchAll(/(\d+)\/(\d+)/g)]
    .map(([, over, under]) => Number(over) / Number(under))
    .filter((rate) => rate > 0 && rate < ANY_RATE);
  return [{ media, format, width, height, fps: rates.length === 0 ? null : Math.max(...rates) }];
}

/** Frames a second below which a mode is no use on a line, where the camera has others. */
const FEW = 10;
/** What a source of the configuration plays without more being said. */
const PLAYED = /^(video\/x-raw|image\/jpeg|video\/x-bayer)$/;

/** The mode with the largest pictures among those that are played, and not very slow; then the fastest. Null without any. */
export function bestMode({ modes }: ListedCamera): CameraMode | null {
  const size = ({ width, height }: CameraMode) => width * height;
  const rank = ({ media, fps }: CameraMode) => (PLAYED.test(media) ? 2 : 0) + ((fps ?? FEW) >= FEW ? 1 : 0);
  const best = [...modes].sort((a, b) => rank(b) - rank(a) || size(b) - size(a) || (b.fps ?? 0) - (a.fps ?? 0));
  return best[0] ?? null;
}
