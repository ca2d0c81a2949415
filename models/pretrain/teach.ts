import { IMAGENET } from "../network/backbones/backbone.js";
import type { ResNet } from "../network/backbones/resnet.js";
import { teacherParameters } from "../network/parameters.js";
import { type Feeds, floats } from "../onnx/session.js";
import { createRandom, seedOf } from "../random.js";
import { initialWeights } from "../training/initial.js";
import { networkOf, openStepper } from "../training/stepper.js";
import type { Weights } from "../weights/weights.js";
import { classifierStep, headParameters } from "./classifier.js";
import { FORMULA_CLASSES, formulaImage } from "./formula-images.js";

export interface TeachOptions {
  readonly backbone: ResNet;
  readonly steps: number;
  readonly batch: number;
  /** Side of the pictures, pixels. */
  readonly size: number;
  readonly seed: number;
  readonly rate?: number;
  readonly threads?: number;
  readonly onProgress?: (progress: { readonly step: number; readonly loss: number }) => void;
}

/**
 * Teaches a teacher from nothing but formulas: it learns to tell families of textures and shapes apart (formula-driven
 * pretraining, Kataoka et al., ACCV 2020), every picture drawn anew. The rate falls to zero along a half cosine.
 * @returns torchvision's tensors of stages 1 to 3
 */
export async function teach(options: TeachOptions): Promise<Weights> {
  const { backbone, steps, batch, size, seed, rate = 0.003 } = options;
  const random = createRandom(seed);
  const head = headParameters(backbone, FORMULA_CLASSES);
  const start = initialWeights([...teacherParameters(backbone), ...head], random);
  const stepper = await openStepper(
    classifierStep(backbone, size, FORMULA_CLASSES),
    { step: 0, tensors: start },
    { threads: options.threads ?? 0, rate: (step) => 0.5 * rate * (1 + Math.cos((Math.PI * (step - 1)) / steps)) },
  );
  try {
    for (let step = 1; step <= steps; step += 1) {
      const { loss } = await stepper.step(lesson(batch, size, () => random.int(FORMULA_CLASSES), seedOf(seed, step)));
      options.onProgress?.({ step, loss });
    }
    const weights = new Map(networkOf(stepper.state()));
    for (const { name } of head) weights.delete(name);
    return weights;
  } finally {
    await stepper.close();
  }
}

/** A batch of fresh pictures of chosen classes, normalised, planes first. */
function lesson(batch: number, size: number, choose: () => number, seed: number): Feeds {
  const space = size * size;
  const image = new Float32Array(batch * 3 * space);
  const labels = new Float32Array(batch * FORMULA_CLASSES);
  for (let slot = 0; slot < batch; slot += 1) {
    const label = choose();
    labels[slot * FORMULA_CLASSES + label] = 1;
    const pixels = formulaImage(label, seedOf(seed, slot), size);
    for (let channel = 0; channel < 3; channel += 1) {
      const scale = IMAGENET.scale / IMAGENET.deviation[channel]!;
      const shift = IMAGENET.mean[channel]! / IMAGENET.deviation[channel]!;
      const plane = (slot * 3 + channel) * space;
      for (let at = 0; at < space; at += 1) image[plane + at] = pixels[at * 3 + channel]! * scale - shift;
    }
  }
  return { image: floats(image, [batch, 3, size, size]), labels: floats(labels, [batch, FORMULA_CLASSES]) };
}
