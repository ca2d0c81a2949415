import { fixed, type Value } from "../graph/graph.js";
import { type BlockLayers, conv1x1, conv3x3, type StudentLayers } from "./layers/layers.js";

/** A kind of residual block. */
export interface BlockDesign {
  /** `basic`: two 3x3 convolutions; `bottleneck`: 1x1, 3x3, 1x1. */
  readonly kind: "basic" | "bottleneck";
  /** Channels between the block's convolutions, per channel of its output. */
  readonly inner: number;
}

export interface StageSpec {
  /** What the stage's tensors begin with. */
  readonly prefix: string;
  readonly out: number;
  /** Blocks, at least one. */
  readonly depth: number;
}

/** A convolution with its batch norm, by the names of their tensors. */
type ConvNorm = BlockLayers["convNorm"];

/**
 * A stage of an encoder: residual blocks, the first of which divides height and width by the stride.
 * x [N, I, H, W] -> [N, out, H / stride, W / stride]
 */
export function stage(
  layers: BlockLayers,
  design: BlockDesign,
  x: Value,
  { stride, ...spec }: StageSpec & { readonly stride: 1 | 2 },
): Value {
  const halved: ConvNorm = (value, conv, norm, each) => layers.convNorm(value, conv, norm, { ...each, stride });
  return blocks(layers, design, x, { ...spec, shortcut: "downsample", resize: stride === 1 ? null : halved });
}

/** A stage of RD4AD's student, the first block of which doubles height and width: x [N, I, H, W] -> [N, out, 2 H, 2 W] */
export function enlargingStage(layers: StudentLayers, design: BlockDesign, x: Value, spec: StageSpec): Value {
  const doubled: ConvNorm = (value, conv, norm, { out }) => layers.deconvNorm(value, conv, norm, out);
  return blocks(layers, design, x, { ...spec, shortcut: "upsample", resize: doubled });
}

interface BlockSpec extends Omit<StageSpec, "depth"> {
  /** What the shortcut's tensors are called. */
  readonly shortcut: "downsample" | "upsample";
  /** Takes the place of a convolution where the block changes height and width; null: it keeps them. */
  readonly resize: ConvNorm | null;
}

function blocks(layers: BlockLayers, design: BlockDesign, x: Value, { depth, ...spec }: StageSpec & BlockSpec): Value {
  let y = block(layers, design, x, { ...spec, prefix: `${spec.prefix}.0` });
  for (let index = 1; index < depth; index += 1) {
    y = block(layers, design, y, { ...spec, resize: null, prefix: `${spec.prefix}.${index}` });
  }
  return y;
}

function block(layers: BlockLayers, design: BlockDesign, x: Value, spec: BlockSpec): Value {
  const { prefix, out, shortcut, resize } = spec;
  const plain: ConvNorm = (value, conv, norm, each) => layers.convNorm(value, conv, norm, each);
  const resized = resize ?? plain;
  const names = (index: number) => [`${prefix}.conv${index}`, `${prefix}.bn${index}`] as const;
  const changes = resize !== null || fixed(x.shape[1]) !== out;
  const identity = changes ? resized(x, `${prefix}.${shortcut}.0`, `${prefix}.${shortcut}.1`, conv1x1(out)) : x;
  const inner = out * design.inner;
  if (design.kind === "basic") {
    const between = layers.relu(resized(x, ...names(1), conv3x3(inner)));
    return layers.relu(layers.add(plain(between, ...names(2), conv3x3(out)), identity));
  }
  const narrow = layers.relu(plain(x, ...names(1), conv1x1(inner)));
  const between = layers.relu(resized(narrow, ...names(2), conv3x3(inner)));
  return layers.relu(layers.add(plain(between, ...names(3), conv1x1(out)), identity));
}
