import fc from "fast-check";
import { ModelProto } from "../../../models/onnx/schema.js";
import { attribute, floats, integers, name, number, opOf, type Proto, raw } from "./model-parts.js";

interface Graph extends Proto {
  node: Proto[];
  initializer: Proto[];
  input: Proto[];
  output: Proto[];
}
export interface Model extends Proto {
  graph: Graph;
}

export function parsed(bytes: Buffer): Model {
  const model = ModelProto.toObject(ModelProto.decode(bytes)) as Model;
  const { graph } = model;
  return { ...model, graph: { ...graph, node: graph.node ?? [], initializer: graph.initializer ?? [] } };
}

export function written(model: Model): Buffer {
  return Buffer.from(ModelProto.encode(model).finish());
}

export type Edit = (model: Model) => void;
const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** A node put among the others, fed by what is there, and before the map as often as not. */
const insertion = fc
  .record({
    op: opOf,
    attributes: fc.array(attribute, { maxLength: 4 }),
    inputs: fc.array(fc.nat(1_000), { maxLength: 4 }),
    constants: fc.array(fc.oneof(integers, floats), { maxLength: 3 }),
    at: fc.nat(1_000),
    inTheWay: fc.boolean(),
  })
  .map(
    ({ op, attributes, inputs, constants, at, inTheWay }): Edit =>
      (model) => {
        const { graph } = model;
        const own = constants.map((constant, index): Proto => ({ ...constant, name: `own${index}_${at}` }));
        graph.initializer = [...graph.initializer, ...own];
        const place = at % (graph.node.length + 1);
        const before = graph.node.slice(0, place).flatMap((node) => node.output as string[]);
        const floatsThere = before.length === 0 ? ["image"] : before;
        const fed = [
          ...inputs.map((each) => pick(floatsThere, each) ?? ""),
          ...own.map((constant) => constant.name as string),
        ];
        const output = `new_${at}`;
        graph.node = [
          ...graph.node.slice(0, place),
          { ...op, input: fed, output: [output], attribute: attributes },
          ...graph.node.slice(place),
        ];
        const after = graph.node[place + 1];
        if (inTheWay && after !== undefined)
          graph.node[place + 1] = { ...after, input: [output, ...((after.input as string[]) ?? []).slice(1)] };
      },
  );

/** One thing in a model that is not as it was. */
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: insertion },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(1_000), attribute).map(
      ([at, changed]): Edit =>
        ({ graph }) => {
          const node = pick(graph.node, at);
          if (node === undefined) return;
          const others = ((node.attribute ?? []) as Proto[]).filter((each) => each.name !== changed.name);
          graph.node[at % graph.node.length] = { ...node, attribute: [...others, changed] };
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(1_000), fc.nat(8), number).map(
      ([at, which, value]): Edit =>
        ({ graph }) => {
          // One number of an attribute that the node has already.
          const node = pick(graph.node, at);
          const attributes = (node?.attribute ?? []) as Proto[];
          const old = pick(attributes, which);
          if (node === undefined || old === undefined) return;
          const changed =
            old.ints === undefined
              ? { ...old, i: value }
              : { ...old, ints: (old.ints as unknown[]).map((each, index) => (index === which % 4 ? value : each)) };
          graph.node[at % graph.node.length] = {
            ...node,
            attribute: attributes.map((each) => (each === old ? changed : each)),
          };
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.nat(1_000),
        fc.record(
          {
            dims: fc.array(number, { maxLength: 5 }),
            dataType: fc.integer({ min: -1, max: 25 }),
            dataLocation: fc.nat(1),
            externalData: fc.constantFrom([raw8("location", "../../../etc/passwd")], []),
            rawData: raw,
          },
          { requiredKeys: [] },
        ),
      )
      .map(
        ([at, changed]): Edit =>
          ({ graph }) => {
            const old = pick(graph.initializer, at);
            if (old !== undefined) graph.initializer[at % graph.initializer.length] = { ...old, ...changed };
          },
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.nat(100),
        fc.constantFrom("input", "output", "initializer", "node"),
        fc.constantFrom("drop", "double", "swap"),
      )
      .map(
        ([at, list, how]): Edit =>
          ({ graph }) => {
            const items = graph[list] as Proto[];
            const index = at % Math.max(1, items.length);
            if (how === "drop") items.splice(index, 1);
            else if (how === "double" && items[index] !== undefined) items.push(items[index]);
            else items.reverse();
          },
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.nat(10),
        fc.constantFrom("input", "output"),
        name,
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.oneof(number, fc.constant(null)), { maxLength: 6 }),
      )
      .map(
        ([at, list, newName, elemType, dims]): Edit =>
          ({ graph }) => {
            const items = graph[list] as Proto[];
            const dim = dims.map((each) => (each === null ? { dimParam: "N" } : { dimValue: each }));
            items[at % Math.max(1, items.length)] = {
              name: newName,
              type: { tensorType: { elemType, shape: { dim } } },
            };
          },
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("trainingInfo", "functions", "irVersion", "opsetImport"), number, raw).map(
      ([what, value, bytes]): Edit =>
        (model) => {
          if (what === "irVersion") model.irVersion = value;
          else if (what === "opsetImport")
            model.opsetImport = [
              { domain: "", version: value },
              { domain: "com.microsoft", version: 1 },
              { domain: "evil", version: 1 },
            ];
          else model[what] = [bytes];
        },
    ),
  },
);

/** StringStringEntryProto. */
function raw8(key: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([10, key.length]),
    Buffer.from(key),
    Buffer.from([18, value.length]),
    Buffer.from(value),
  ]);
}
