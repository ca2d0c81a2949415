import { amendBundle } from "../bundle/bundle.js";
import { imageBaseline } from "../pictures/image-baseline.js";
import { partRandom } from "./dataset.js";
import { createDemoLine } from "./index.js";

/**
 * Writes `imageHealth`, what good pictures look like, into the shipped bundle, from its training pictures drawn again as make.ts draws
 * them: the bundle was trained before `retort train` wrote it. `node dist/models/demo-line/amend.js [BUNDLE]`
 */
const SEED = 1;
const PICTURES = 480;

const SIZE = { width: 256, height: 256 };
const line = createDemoLine();
const pictures = Array.from({ length: PICTURES }, (_, index) => {
  const random = partRandom(SEED, "train", null, index);
  return line.renderPart({ random, size: SIZE }).pixels;
});
await amendBundle(process.argv[2] ?? "models/demo", { imageHealth: imageBaseline(pictures, SIZE.width, SIZE.height) });
