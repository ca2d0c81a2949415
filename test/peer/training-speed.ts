/**
 * Pictures a second of training beside PyTorch's, for students of both families: the same network, weights and features (the teacher's are
 * cached in both), steps in turn in one run.
 *
 *     node dist/test/peer/training-speed.js --python venv/bin/python [--networks resnet18,convnext_tiny:study] [--size 256] [--rounds 10]
 *
 * Python needs PyTorch. That both train the same is looked at, too: the losses of the first steps stand beside each other.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { packageRoot } from "../../config/package-root.js";
import { median } from "../../models/judging/statistics.js";
import { type Backbone, VARIANTS } from "../../models/network/backbones/backbone.js";
import { backboneOf } from "../../models/network/backbones/index.js";
import { studentParameters } from "../../models/network/parameters.js";
import { floats } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { stepGraph } from "../../models/training/step.js";
import { openStepper } from "../../models/training/stepper.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    networks: { type: "string", default: "resnet18,convnext_tiny:study,convnext_tiny:retort" },
    size: { type: "string", default: "256" },
    batch: { type: "string", default: "16" },
    rounds: { type: "string", default: "10" },
    threads: { type: "string", default: "2" },
  },
});
const [size, batch, rounds, threads] = [values.size, values.batch, values.rounds, values.threads].map(Number) as [
  number,
  number,
  number,
  number,
];
/** Steps of each that are not counted. */
const WARM_UP = 2;

interface Step {
  readonly loss: number;
  readonly seconds: number;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

for (const network of values.networks.split(",")) {
  const [arch = "", name] = network.split(":");
  await compare(
    network,
    backboneOf(
      arch,
      undefined,
      VARIANTS.find((variant) => variant === name),
    ),
  );
}

async function compare(name: string, backbone: Backbone): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "retort-peer-"));
  const start = initialWeights(studentParameters(backbone), createRandom(1));
  const maps = featuresOf(backbone);
  const peer = await openPeer(dir, backbone, start, maps);
  const began = performance.now();
  const stepper = await openStepper(
    stepGraph(backbone, { width: size, height: size }, "rd4ad"),
    { step: 0, tensors: start },
    { threads },
  );
  const opening = (performance.now() - began) / 1000;
  const feeds = Object.fromEntries([...maps].map(([key, { data, shape }]) => [key, floats(data, shape)]));
  const own = async (): Promise<Step> => {
    const from = performance.now();
    const { loss } = await stepper.step(feeds);
    return { loss, seconds: (performance.now() - from) / 1000 };
  };
  try {
    const ratios: number[] = [];
    const speeds: number[] = [];
    for (let round = 0; round < WARM_UP + rounds; round += 1) {
      const [ours, theirs] = [await own(), await peer.step()];
      if (round < WARM_UP)
        say(`${name}, step ${round + 1}: loss ${ours.loss.toFixed(5)}, PyTorch ${theirs.loss.toFixed(5)}`);
      else {
        ratios.push(theirs.seconds / ours.seconds);
        speeds.push(batch / ours.seconds);
      }
    }
    const sorted = ratios.toSorted((a, b) => a - b);
    say(
      `${name}: ${median(speeds).toFixed(2)} pictures/s, ${median(ratios).toFixed(2)} times PyTorch's ` +
        `(${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)}), opened in ${opening.toFixed(1)} s`,
    );
  } finally {
    await stepper.close();
    await peer.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Features as a teacher's might be; of a ResNet none is negative. */
function featuresOf({ scales, network }: Backbone): Weights {
  const random = createRandom(2);
  return new Map(
    scales.map(({ channels, stride }, index) => {
      const shape = [batch, channels, size / stride, size / stride];
      const length = shape.reduce((a, b) => a * b, 1);
      const value = network === null ? () => Math.max(0, random.next() * 2 - 1) : () => random.next() * 2 - 1;
      return [`f${index + 1}`, { shape, data: Float32Array.from({ length }, value) }];
    }),
  );
}

interface Peer {
  step(): Promise<Step>;
  close(): Promise<void>;
}

async function openPeer(dir: string, { scales, student }: Backbone, start: Weights, maps: Weights): Promise<Peer> {
  const paths = { weights: join(dir, "weights.safetensors"), features: join(dir, "features.safetensors") };
  await writeFile(paths.weights, encodeSafetensors(start));
  await writeFile(paths.features, encodeSafetensors(maps));
  const spec = { ...paths, student, threads, channels: scales.map(({ channels }) => channels) };
  await writeFile(join(dir, "spec.json"), JSON.stringify(spec));
  const script = join(packageRoot(), "test/peer/training_speed.py");
  const child = spawn(values.python, [script, join(dir, "spec.json")], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write("step\n");
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`Python ended with ${await ended}`);
      return JSON.parse(value);
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
