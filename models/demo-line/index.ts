/** A production line of our own making: textured parts on a belt, good ones and defective ones, with their truth. */
export { type DemoDatasetOptions, writeDemoDataset } from "./dataset.js";
export { createDemoLine, type DemoLine } from "./line.js";
export {
  createDemoStream,
  type DemoFrame,
  type DemoStream,
  type DemoStreamOptions,
  FRAMES_PER_PART,
} from "./stream.js";
export { DEFECT_TYPES, type DefectType, type RenderedPart } from "./types.js";
