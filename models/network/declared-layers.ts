import { fixed, Graph, type Value } from "../graph/graph.js";
import { add, concat, conv, convTranspose, maxPool, relu } from "../graph/ops.js";
import type { ParameterSpec } from "../weights/weights.js";
import { type Arch, scalesOf } from "./arch.js";
import { bottleneck } from "./bottleneck.js";
import { type ConvSpec, type Layers, weightShape } from "./layers.js";
import { teacher } from "./resnet.js";
import { student } from "./student.js";

/** What a parameter is, which settles how it begins and whether Adam moves it. */
export type ParameterKind = "conv" | "deconv" | "normWeight" | "normBias" | "runningMean" | "runningVar";

export interface DeclaredParameter extends ParameterSpec {
  readonly kind: ParameterKind;
}

/** Walks an architecture to list its tensors, in PyTorch's names and layouts. */
export class DeclaredLayers implements Layers {
  readonly parameters: DeclaredParameter[] = [];
  private readonly graph = new Graph("declaration");

  input(shape: readonly (number | string)[]): Value {
    return this.graph.input("x", "float32", shape);
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const shape = weightShape(fixed(x.shape[1]), spec);
    this.parameters.push({ name: `${convName}.weight`, shape, kind: spec.transposed ? "deconv" : "conv" });
    const kinds = {
      weight: "normWeight",
      bias: "normBias",
      running_mean: "runningMean",
      running_var: "runningVar",
    } as const;
    for (const [suffix, kind] of Object.entries(kinds)) {
      this.parameters.push({ name: `${norm}.${suffix}`, shape: [spec.out], kind });
    }
    const weight: Value = { name: convName, type: "float32", shape };
    return (spec.transposed ? convTranspose : conv)(this.graph, x, weight, null, spec);
  }

  relu = (x: Value): Value => relu(this.graph, x);
  add = (a: Value, b: Value): Value => add(this.graph, a, b);
  concat = (values: readonly Value[]): Value => concat(this.graph, values, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    return maxPool(this.graph, x, kernel, stride, padding);
  }
}

/** The teacher's tensors. */
export function teacherParameters(arch: Arch): readonly DeclaredParameter[] {
  const layers = new DeclaredLayers();
  teacher(layers, arch, layers.input(["N", 3, 64, 64]));
  return layers.parameters;
}

/** The tensors of bottleneck (`bn.`) and student decoder (`decoder.`). */
export function studentParameters(arch: Arch): readonly DeclaredParameter[] {
  const layers = new DeclaredLayers();
  const [fine, middle, coarse] = scalesOf(arch).map(({ channels, stride }) =>
    layers.input(["N", channels, 64 / stride, 64 / stride]),
  );
  student(layers, arch, bottleneck(layers, arch, [fine!, middle!, coarse!]));
  return layers.parameters;
}
