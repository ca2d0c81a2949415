import { readFile } from "node:fs/promises";
import type { AravisSource, CameraConfig } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { loadAravis } from "../capture/vision/aravis.js";
import { socketBytes } from "../capture/vision/device.js";
import type { Check } from "./check.js";

/** The machine, as far as GigE Vision and USB3 Vision cameras depend on it. */
export interface VisionMachine {
  /** Throws where Aravis is missing. */
  readonly load: () => unknown;
  /** A kernel setting, by its path below /proc/sys. */
  readonly setting: (path: string) => Promise<string>;
}

const HERE: VisionMachine = {
  load: loadAravis,
  setting: (path) => readFile(`/proc/sys/${path}`, "utf8"),
};

/** What GigE Vision and USB3 Vision cameras need beside GStreamer; never rejects. */
export async function visionChecks(
  cameras: readonly CameraConfig[],
  machine: VisionMachine = HERE,
): Promise<readonly Check[]> {
  const configured = cameras.flatMap(({ id, source, enabled }) =>
    enabled && source.type === "aravis" ? [{ path: `cameras.${id}.source`, source }] : [],
  );
  const sockets = configured.map(({ path, source }) => socketCheck(path, source, machine.setting));
  return [libraryCheck(configured.length > 0, machine.load), ...(await Promise.all(sockets))];
}

function libraryCheck(needed: boolean, load: VisionMachine["load"]): Check {
  const path = "Aravis";
  try {
    load();
    return { level: "ok", code: "ARAVIS_OK", path, message: "Aravis is there", remedy: "" };
  } catch (error) {
    const remedy = "Install libaravis-0.8-0, or run the set-up again (npm start).";
    return { level: needed ? "fail" : "note", code: "ARAVIS_MISSING", path, message: messageOf(error), remedy };
  }
}

/** Where the configuration does not say how large the pictures are: 2.3 megapixels, the commonest sensor on a line. */
const COMMON_WIDTH = 1_920;
const COMMON_HEIGHT = 1_200;

async function socketCheck(path: string, source: AravisSource, setting: VisionMachine["setting"]): Promise<Check> {
  const { width = COMMON_WIDTH, height = COMMON_HEIGHT, format } = source;
  const needed = socketBytes(width * height * (format === "rgb" ? 3 : 1));
  try {
    const most = Number(await setting("net/core/rmem_max"));
    const message = `net.core.rmem_max is ${most} bytes, for pictures of ${width} x ${height}`;
    if (most >= needed) return { level: "ok", code: "SOCKET_BUFFER_OK", path, message, remedy: "" };
    const remedy =
      `For GigE Vision: sysctl -w net.core.rmem_max=${needed}, and the same in /etc/sysctl.d to keep it; with less, ` +
      "pictures may arrive with holes.";
    return { level: "note", code: "SOCKET_BUFFER_SMALL", path, message, remedy };
  } catch (error) {
    return { level: "note", code: "SOCKET_BUFFER_UNKNOWN", path, message: messageOf(error), remedy: "" };
  }
}
