import fc from "fast-check";
import { OPERATORS } from "../../../models/onnx/check/operators.js";
import { awkwardNumbers } from "../damage.js";

/** What operators and tensors are made of, right and wrong. */
export type Proto = Record<string, unknown>;

export const number = fc.oneof(
  fc.integer({ min: -2, max: 8 }),
  fc.integer({ min: -2, max: 8 }),
  fc.constantFrom(...awkwardNumbers.filter(Number.isSafeInteger)),
);
export const name = fc.oneof(
  fc.constantFrom("image", "map", "score", "x", "", "a/../../b"),
  fc.string({ maxLength: 6 }),
);
const attributeNames = [
  "kernel_shape",
  "strides",
  "pads",
  "dilations",
  "group",
  "axis",
  "axes",
  "perm",
  "to",
  "keepdims",
  "alpha",
  "epsilon",
  "mode",
  "value",
  "output_padding",
  "auto_pad",
  "ceil_mode",
  "storage_order",
  "p",
  "k",
  "largest",
  "sorted",
  "num_outputs",
  "split",
  "blocksize",
  "shape",
  "equation",
  "body",
  "then_branch",
  "direction",
  "coordinate_transformation_mode",
  "transA",
  "transB",
  "min",
  "max",
  "size",
  "seed",
  "dtype",
  "num_groups",
  "align_corners",
];
export const raw = fc.uint8Array({ maxLength: 32 });
export const tensor = fc
  .record({
    dims: fc.array(number, { maxLength: 5 }),
    dataType: fc.oneof(fc.constantFrom(1, 7, 6, 2, 9, 10), fc.integer({ min: -1, max: 30 })),
    rawData: fc.option(raw, { nil: undefined }),
  })
  .map(({ rawData, ...rest }): Proto => ({ ...rest, ...(rawData === undefined ? {} : { rawData }) }));
/** A small tensor that is whole. */
export const integers = fc.array(number, { maxLength: 5 }).map((numbers): Proto => {
  return { dims: [numbers.length], dataType: 7, int64Data: numbers };
});
export const floats = fc
  .array(fc.oneof(fc.double({ min: -8, max: 8, noNaN: true }), fc.constantFrom(0, 1, Number.NaN, 1e38)), {
    minLength: 1,
    maxLength: 16,
  })
  .map((numbers): Proto => {
    return { dims: [numbers.length], dataType: 1, floatData: numbers };
  });
export const attribute = fc.oneof(
  fc.tuple(fc.constantFrom(...attributeNames), number).map(([each, i]): Proto => ({ name: each, type: 2, i })),
  fc
    .tuple(fc.constantFrom(...attributeNames), fc.array(number, { maxLength: 6 }))
    .map(([each, ints]): Proto => ({ name: each, type: 7, ints })),
  fc.tuple(fc.constantFrom(...attributeNames), fc.double()).map(([each, f]): Proto => ({ name: each, type: 1, f })),
  fc
    .tuple(
      fc.constantFrom(...attributeNames),
      fc.constantFrom(
        "SAME_UPPER",
        "VALID",
        "linear",
        "cubic",
        "nearest",
        "reflect",
        "edge",
        "ij,jk->ik",
        "...",
        "align_corners",
      ),
    )
    .map(([each, s]): Proto => ({ name: each, type: 3, s: Buffer.from(s) })),
  fc
    .tuple(fc.constantFrom(...attributeNames), fc.oneof(tensor, integers, floats))
    .map(([each, t]): Proto => ({ name: each, type: 4, t })),
  fc.tuple(fc.constantFrom(...attributeNames), raw).map(([each, g]): Proto => ({ name: each, type: 5, g })),
  fc
    .tuple(fc.constantFrom(...attributeNames), fc.array(raw, { maxLength: 2 }))
    .map(([each, graphs]): Proto => ({ name: each, type: 10, graphs })),
);
export const knownOps = [...OPERATORS].flatMap(([domain, ops]) => [...ops].map((opType) => ({ domain, opType })));
export const opOf = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...knownOps) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { domain: "", opType: "Loop" },
      { domain: "", opType: "If" },
      { domain: "com.microsoft", opType: "EPContext" },
      { domain: "evil", opType: "Run" },
      { domain: "ai.onnx.ml", opType: "TreeEnsemble" },
      { domain: "", opType: "__proto__" },
    ),
  },
);
