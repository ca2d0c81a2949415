import type { Graph } from "../graph/graph.js";
import { encodeModel } from "../onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, type Tensor } from "../onnx/session.js";
import type { Weights, WeightTensor } from "../weights/weights.js";
import { adamScalars } from "./step.js";

/** Parameters, running averages and Adam's moments (`m:`, `v:`), and how often they were moved. */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Weights;
}

export interface Stepper {
  /** One step over the feeds that are not state; yields the batch's loss before it. */
  step(feeds: Feeds): Promise<number>;
  /** Copies, so that it can be written while training goes on. */
  state(): TrainingState;
  close(): Promise<void>;
}

const PRIME = "'";

/**
 * Runs a training-step graph: keeps two sets of buffers, reads one, writes the other and swaps them, so that a step
 * allocates nothing.
 * @param start every tensor of the network; moments begin at zero unless `start` holds them
 */
export async function openStepper(
  graph: Graph,
  start: TrainingState,
  options: { readonly threads?: number; readonly rate?: (step: number) => number } = {},
): Promise<Stepper> {
  const session = await openSession(encodeModel(graph), { threads: options.threads ?? 0 });
  const shapes = new Map(graph.inputs.map((value) => [value.name, value.shape as readonly number[]]));
  const names = graph.outputs.filter((value) => value.name.endsWith(PRIME)).map((value) => value.name.slice(0, -1));
  const buffer = (name: string, from?: WeightTensor): Tensor => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new TypeError(`${name} is put out but not taken in`);
    return floats(from === undefined ? new Float32Array(shape.reduce((a, b) => a * b, 1)) : from.data.slice(), shape);
  };
  let current = new Map(names.map((name) => [name, buffer(name, start.tensors.get(name))]));
  let next = new Map(names.map((name) => [name, buffer(name)]));
  let count = start.step;
  return {
    async step(feeds) {
      const { rate, epsilon } = adamScalars(count + 1, options.rate?.(count + 1));
      const outputs = await session.run(
        {
          ...feeds,
          ...Object.fromEntries(current),
          rate: floats(Float32Array.of(rate), []),
          epsilon: floats(Float32Array.of(epsilon), []),
        },
        Object.fromEntries([...next].map(([name, tensor]) => [name + PRIME, tensor])),
      );
      [current, next] = [next, current];
      count += 1;
      return floatsOf(outputs.loss)[0]!;
    },
    state: () => ({
      step: count,
      tensors: new Map(
        [...current].map(([name, tensor]) => [name, { shape: shapes.get(name)!, data: floatsOf(tensor).slice() }]),
      ),
    }),
    close: () => session.close(),
  };
}

/** The network's own tensors of a state, without the optimiser's. */
export function networkOf(state: TrainingState): Weights {
  return new Map([...state.tensors].filter(([name]) => !name.startsWith("m:") && !name.startsWith("v:")));
}
