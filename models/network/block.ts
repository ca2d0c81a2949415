import { fixed, type Value } from "../graph/graph.js";
import { type Arch, expansionOf } from "./arch.js";
import { type ConvSpec, conv1x1, conv3x3, deconv2x2, type Layers } from "./layers.js";

export interface StageSpec {
  readonly prefix: string;
  readonly planes: number;
  readonly blocks: number;
  /** 2: the first block halves (encoder) or doubles (student) height and width. */
  readonly stride: 1 | 2;
  /** What the shortcut's tensors are called: `downsample` in encoders, `upsample` in RD4AD's student. */
  readonly shortcut: "downsample" | "upsample";
}

/** A stage of residual blocks: x [N, I, H, W] -> [N, planes * expansion, H', W'] */
export function stage(layers: Layers, arch: Arch, x: Value, spec: StageSpec): Value {
  let y = x;
  for (let index = 0; index < spec.blocks; index += 1) {
    y = block(layers, arch, y, { ...spec, prefix: `${spec.prefix}.${index}`, stride: index === 0 ? spec.stride : 1 });
  }
  return y;
}

function block(layers: Layers, arch: Arch, x: Value, { prefix, planes, stride, shortcut }: StageSpec): Value {
  const out = planes * expansionOf(arch);
  const resized = (channels: number, plain: ConvSpec): ConvSpec =>
    stride === 2 && shortcut === "upsample" ? deconv2x2(channels) : { ...plain, stride };
  const step = (value: Value, index: number, spec: ConvSpec) =>
    layers.convNorm(value, `${prefix}.conv${index}`, `${prefix}.bn${index}`, spec);

  const changes = stride === 2 || fixed(x.shape[1]) !== out;
  const identity = changes
    ? layers.convNorm(x, `${prefix}.${shortcut}.0`, `${prefix}.${shortcut}.1`, resized(out, conv1x1(out)))
    : x;
  if (arch.block === "basic") {
    const inner = layers.relu(step(x, 1, resized(planes, conv3x3(planes))));
    return layers.relu(layers.add(step(inner, 2, conv3x3(planes)), identity));
  }
  const width = planes * arch.widthFactor;
  const narrow = layers.relu(step(x, 1, conv1x1(width)));
  const inner = layers.relu(step(narrow, 2, resized(width, conv3x3(width))));
  return layers.relu(layers.add(step(inner, 3, conv1x1(out)), identity));
}
