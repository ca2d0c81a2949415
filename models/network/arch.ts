import { CodedError } from "../../errors.js";

/** The ResNets that RD4AD offers; He et al., CVPR 2016, and Zagoruyko & Komodakis, BMVC 2016. */
export interface Arch {
  readonly name: string;
  /** `basic`: two 3x3 convolutions; `bottleneck`: 1x1, 3x3, 1x1 with four times the channels at its end. */
  readonly block: "basic" | "bottleneck";
  /** Blocks in stages 1 to 3; the student mirrors them in the same order (RD4AD's de_resnet). */
  readonly layers: readonly [number, number, number];
  /** Blocks of the one-class embedding. */
  readonly embedding: number;
  /** Channels of the stem: 64, or fewer in a narrower network. */
  readonly channels: number;
  /** Width of the 3x3 convolution inside a bottleneck block, times the stage's channels. */
  readonly widthFactor: number;
}

const TABLE: Readonly<Record<string, Omit<Arch, "name" | "channels">>> = {
  resnet18: { block: "basic", layers: [2, 2, 2], embedding: 2, widthFactor: 1 },
  resnet34: { block: "basic", layers: [3, 4, 6], embedding: 3, widthFactor: 1 },
  resnet50: { block: "bottleneck", layers: [3, 4, 6], embedding: 3, widthFactor: 1 },
  wide_resnet50_2: { block: "bottleneck", layers: [3, 4, 6], embedding: 3, widthFactor: 2 },
};

export const ARCH_NAMES: readonly string[] = Object.keys(TABLE);

/**
 * @param channels of the stem; the weights tell (`conv1.weight`'s first size)
 * @throws CodedError ARCH_UNKNOWN
 */
export function archOf(name: string, channels = 64): Arch {
  const entry = TABLE[name];
  if (entry === undefined) {
    throw new CodedError("ARCH_UNKNOWN", `architecture ${name} is not known`, {
      at: "arch",
      remedy: `Choose one of ${ARCH_NAMES.join(", ")}.`,
    });
  }
  return { name, channels, ...entry };
}

/** Output channels per channel of the stage. */
export const expansionOf = (arch: Arch): number => (arch.block === "basic" ? 1 : 4);

/** The three feature maps' channels, fine to coarse, and their stride against the image. */
export function scalesOf(arch: Arch): readonly { readonly channels: number; readonly stride: number }[] {
  return [1, 2, 4].map((factor) => ({ channels: arch.channels * factor * expansionOf(arch), stride: 4 * factor }));
}
