import type { FileSource } from "../../../config/types.js";
import { decoded, quoted } from "./text.js";

/** A video file in any container and codec that GStreamer knows. The filter keeps its sound out. */
export function fileHead({ path }: FileSource): string {
  return `filesrc location=${quoted(path)} ! ${decoded}`;
}
