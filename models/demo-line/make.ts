import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeFolders } from "../../replace-file.js";
import { readBundle } from "../bundle/bundle.js";
import { evaluateBundle } from "../evaluate/evaluate.js";
import { evaluationTable } from "../evaluate/table.js";
import { resnet } from "../network/backbones/resnet.js";
import { teacherParameters } from "../network/parameters.js";
import { teach } from "../pretrain/teach.js";
import { createRandom } from "../random.js";
import { calibrateBundle } from "../training/calibrate.js";
import { initialWeights } from "../training/initial.js";
import { trainStudent } from "../training/train.js";
import { encodeSafetensors } from "../weights/safetensors.js";
import { createDemoLine, FRAMES_PER_PART, writeDemoDataset } from "./index.js";
import { writeDemoPicture } from "./picture.js";

/**
 * Makes the shipped demo from nothing (`npm run demo`): a teacher learned from formulas, pictures of the demo line, a student, its bundle,
 * the README's picture, and the figures on pictures that it never saw. `--random` takes an untrained teacher, as a yardstick.
 */
const ARCH = "resnet18";
const CHANNELS = 32;
const SIZE = { width: 256, height: 256 };
/** Good pictures to store: the drawn parts differ little, and more would make the bundle and each inference larger. */
const MEMORY = 64;
const VERSION = "2";
/** One good part in a hundred may be rejected, and the worst of its pictures decides. */
const FALSE_ALARMS = 0.01 / FRAMES_PER_PART;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "models/demo" },
    "teacher-steps": { type: "string", default: "1200" },
    epochs: { type: "string", default: "16" },
    teacher: { type: "string" },
    random: { type: "boolean", default: false },
  },
});

const say = (text: string) => void process.stderr.write(`${text}\n`);
const teacherPath = values.teacher ?? join(values.out, "teacher.safetensors");
await makeFolders(values.out);
if (values.teacher === undefined) await writeFile(teacherPath, encodeSafetensors(await makeTeacher(), { half: true }));

const data = await mkdtemp(join(tmpdir(), "retort-demo-"));
try {
  await writeDemoDataset({
    dir: data,
    line: createDemoLine(),
    seed: 1,
    size: SIZE,
    train: 480,
    testGood: 100,
    testPerType: 30,
  });
  const fresh = join(data, "fresh");
  const only = { size: SIZE, train: 960, testGood: 0, testPerType: 0 };
  await writeDemoDataset({ dir: fresh, line: createDemoLine(), seed: 2, ...only });
  let epoch = 0;
  const trained = await trainStudent({
    normal: join(data, "train", "good"),
    arch: ARCH,
    teacher: teacherPath,
    out: values.out,
    epochs: Number(values.epochs),
    memory: MEMORY,
    version: VERSION,
    size: SIZE.width,
    onProgress: (progress) => {
      if (progress.phase !== "training" || progress.epoch === epoch) return;
      epoch = progress.epoch;
      say(`epoch ${epoch}: loss ${progress.loss.toFixed(4)}, ${progress.imagesPerSecond.toFixed(1)} images/s`);
    },
  });
  say(`threshold ${trained.threshold.toFixed(4)}, ${trained.seconds.toFixed(0)} s`);
  // Both the pictures and the share are other than in training: one threshold cannot be checked against the other.
  const { threshold } = await calibrateBundle({
    bundle: values.out,
    normal: join(fresh, "train", "good"),
    falseAlarms: FALSE_ALARMS,
    force: true,
  });
  say(`threshold ${threshold.toFixed(4)}, on pictures that training never saw`);
  await writeDemoPicture(join(values.out, "picture.jpg"), createDemoLine(), await readBundle(values.out));
  process.stdout.write(`${evaluationTable(await evaluateBundle({ bundle: values.out, data }))}\n`);
} finally {
  await rm(data, { recursive: true, force: true });
}

async function makeTeacher() {
  const backbone = resnet(ARCH, CHANNELS);
  if (values.random) return initialWeights(teacherParameters(backbone), createRandom(1));
  let sum = 0;
  return teach({
    backbone,
    steps: Number(values["teacher-steps"]),
    batch: 32,
    size: 96,
    seed: 1,
    onProgress: ({ step, loss }) => {
      sum += loss;
      if (step % 50 !== 0) return;
      say(`teacher, step ${step}: loss ${(sum / 50).toFixed(3)}`);
      sum = 0;
    },
  });
}
