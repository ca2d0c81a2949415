import type { AravisSource } from "../../../config/types.js";
import type { Board } from "./board.js";
import { ownSize, scalable } from "./own-size.js";
import { caps, properties, quoted } from "./text.js";

/** A GigE Vision or USB3 Vision camera. */
export function aravisHead(source: AravisSource, board: Board): string {
  const { camera, exposureUs, gain, width, height, format = "mono" } = source;
  const options = properties({
    "camera-name": camera === undefined ? undefined : quoted(camera),
    exposure: exposureUs,
    gain,
    features: triggerFeatures(source),
  });
  const pictures = formats[format]({ width, height });
  return `aravissrc${options} ! ${pictures} ! ${board === "jetson" ? `videoconvert ! ${scalable(board)} ! ` : ""}${ownSize}`;
}

type Dimensions = Readonly<Record<"width" | "height", number | undefined>>;

const formats = {
  mono: (size: Dimensions) => caps("video/x-raw", { format: "GRAY8", ...size }),
  rgb: (size: Dimensions) => caps("video/x-raw", { format: "RGB", ...size }),
  bayer: (size: Dimensions) => `${caps("video/x-bayer", size)} ! bayer2rgb`,
};

/** GenICam SFNC 5.5: the selector first, since the mode and the source belong to what it selects. */
function triggerFeatures({ trigger, triggerSource = "Line1" }: AravisSource): string | undefined {
  if (trigger === "off") return undefined;
  const source = trigger === "software" ? "Software" : triggerSource;
  return quoted(`TriggerSelector=FrameStart TriggerMode=On TriggerSource=${source}`);
}
