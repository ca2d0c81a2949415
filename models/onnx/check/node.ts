import { type Attribute, type Node, type Refuse, type Tensor, toNumber, within } from "./messages.js";
import { ATTRIBUTE_RANGES, OPERATORS, type Range, SIZE_INPUTS } from "./operators.js";
import { checkTensor, numbersOf } from "./tensor.js";

/**
 * Refuses a node whose operator is none of {@link OPERATORS}, or whose attributes and constant sizes are out of range.
 * @param constants the model's constants by name; a `Constant` node adds its own
 * @throws CodedError MODEL_OPERATOR_REFUSED, MODEL_TENSOR_INVALID
 */
export function checkNode(node: Node, constants: Map<string, Tensor>, refuse: Refuse): void {
  const { opType = "", domain = "", input = [], output = [] } = node;
  if (OPERATORS.get(domain)?.has(opType) !== true) {
    const name = `${domain === "" ? "" : `${domain}.`}${opType}`.slice(0, 100);
    throw refuse("MODEL_OPERATOR_REFUSED", `operator ${name} is not one that a model may have`);
  }
  for (const attribute of node.attribute ?? []) {
    checkAttribute(opType, attribute, refuse);
    if (opType === "Constant" && attribute.t !== undefined) constants.set(output[0] ?? "", attribute.t);
  }
  for (const { index, each, most } of SIZE_INPUTS.get(opType) ?? []) {
    const tensor = constants.get(input[index] ?? "");
    const sizes = tensor === undefined ? [] : numbersOf(tensor);
    const product = sizes.reduce((all, size) => all * Math.max(1, Math.abs(size)), 1);
    if (!sizes.every((size) => within(size, each)) || !(product <= most)) {
      throw refuse("MODEL_TENSOR_INVALID", `${opType} would make [${sizes.slice(0, 20).join(", ")}]`);
    }
  }
}

function checkAttribute(opType: string, attribute: Attribute, refuse: Refuse): void {
  const { name = "", g, tp, sparseTensor, refAttrName = "" } = attribute;
  const lists = [attribute.graphs, attribute.tensors, attribute.typeProtos, attribute.sparseTensors];
  const single = [g, tp, sparseTensor].some((part) => part !== undefined);
  if (single || refAttrName !== "" || lists.some((list) => (list ?? []).length > 0)) {
    throw refuse(
      "MODEL_OPERATOR_REFUSED",
      `${opType}: attribute ${name.slice(0, 100)} is of a kind that no model may have`,
    );
  }
  if (attribute.t !== undefined) checkTensor(attribute.t, refuse);
  // A slice's `ends` may be the largest number there is: "to the end".
  const range: Range =
    ATTRIBUTE_RANGES.get(name) ?? (opType === "Slice" ? [-(2 ** 63), 2 ** 63] : [-(2 ** 31), 2 ** 31]);
  const integers = [...(attribute.i === undefined ? [] : [attribute.i]), ...(attribute.ints ?? [])];
  const wrong = integers.map(toNumber).find((integer) => !within(integer, range));
  // A negative padding cuts: Pad allows it, up to opset 10 in this attribute.
  if (wrong !== undefined && !(opType === "Pad" && name === "pads" && within(-wrong, range))) {
    throw refuse("MODEL_TENSOR_INVALID", `${opType}: attribute ${name.slice(0, 100)} is ${wrong}`);
  }
}
