import { fixed, type Graph, sizeOf } from "../graph/graph.js";
import { encodeModel } from "../onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, type Tensor } from "../onnx/session.js";
import type { Weights } from "../weights/weights.js";
import { adamScalars } from "./step.js";

/** Parameters, running averages and Adam's moments (`m:`, `v:`), after a number of steps. */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Weights;
}

/** What a step tells: the graph's outputs that are no part of the state, one number each, of the batch before the step. */
export interface Figures {
  readonly loss: number;
  readonly [name: string]: number;
}

export interface Stepper {
  /**
   * Makes one step.
   * @param feeds the graph's inputs that are no part of the state: a batch
   */
  step(feeds: Feeds): Promise<Figures>;
  /** A copy of the state, which can be written while training goes on. */
  state(): TrainingState;
  close(): Promise<void>;
}

export interface StepperOptions {
  /** 0: one per core. */
  readonly threads?: number;
  /** The learning rate of a step, from 1; the recipe's unless given. */
  readonly rate?: (step: number) => number;
  /** What a step takes beside the batch. */
  readonly feeds?: (step: number) => Feeds;
}

/** Ends the name of an output that is the next value of the input without it. */
const PRIME = "'";

/**
 * Runs a training-step graph: keeps two sets of buffers, reads one, writes the other and swaps them, so that a step
 * allocates nothing.
 * @param start every tensor of the network; moments begin at zero unless `start` holds them
 */
export async function openStepper(graph: Graph, start: TrainingState, options: StepperOptions = {}): Promise<Stepper> {
  const session = await openSession(encodeModel(graph), { threads: options.threads ?? 0 });
  const shapes = new Map(
    graph.outputs
      .filter(({ name }) => name.endsWith(PRIME))
      .map(({ name, shape }) => [name.slice(0, -PRIME.length), shape.map(fixed)]),
  );
  const buffers = (tensors: Weights): Map<string, Tensor> =>
    new Map(
      [...shapes].map(([name, shape]) => [
        name,
        floats(tensors.get(name)?.data.slice() ?? new Float32Array(sizeOf(shape)), shape),
      ]),
    );
  const told = graph.outputs.filter(({ name }) => !name.endsWith(PRIME));
  let current = buffers(start.tensors);
  let next = buffers(new Map());
  let count = start.step;
  return {
    async step(feeds) {
      const { rate, epsilon } = adamScalars(count + 1, options.rate?.(count + 1));
      const outputs = await session.run(
        {
          ...feeds,
          ...options.feeds?.(count + 1),
          ...Object.fromEntries(current),
          rate: floats(Float32Array.of(rate), []),
          epsilon: floats(Float32Array.of(epsilon), []),
        },
        Object.fromEntries([...next].map(([name, tensor]) => [name + PRIME, tensor])),
      );
      [current, next] = [next, current];
      count += 1;
      const figures = told.map(({ name }) => [name, floatsOf(outputs[name])[0]!]);
      return { loss: floatsOf(outputs.loss)[0]!, ...Object.fromEntries(figures) };
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
