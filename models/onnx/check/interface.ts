import { type Graph, type Refuse, type Tensor, toNumber, type Value, within } from "./messages.js";
import { MOST_ELEMENTS } from "./operators.js";

/**
 * Refuses a model whose inputs and outputs are not a bundle's: `image` uint8 [N, H, W, 3]; `score` float32 [N], `map` float32
 * [N, H, W].
 * @throws CodedError MODEL_INTERFACE_MISMATCH
 */
export function checkInterface(
  graph: Graph,
  constants: ReadonlyMap<string, Tensor>,
  { width, height }: { readonly width: number; readonly height: number },
  refuse: Refuse,
): void {
  // ONNX allows a model to list its constants among its inputs.
  const inputs = (graph.input ?? []).filter(({ name = "" }) => !constants.has(name));
  const [image] = inputs;
  const outputs = new Map((graph.output ?? []).map((value) => [value.name ?? "", value]));
  const problems = [
    inputs.length === 1 && image?.name === "image"
      ? mismatch(image, 2, [null, height, width, 3])
      : "its inputs are not one image",
    mismatch(outputs.get("score"), 1, [null]),
    mismatch(outputs.get("map"), 1, [null, height, width]),
  ].filter((problem) => problem !== null);
  if (problems.length > 0) throw refuse("MODEL_INTERFACE_MISMATCH", problems.join("; "));
}

/**
 * How a value differs from the wanted type and shape; null if it does not. A size that the model leaves open fits.
 * @param wanted null: any size
 */
function mismatch(value: Value | undefined, type: number, wanted: readonly (number | null)[]): string | null {
  if (value === undefined) return "an output (score or map) is missing";
  const { elemType, shape } = value.type?.tensorType ?? {};
  const name = (value.name ?? "").slice(0, 100);
  if (elemType !== type) return `${name} is of type ${elemType}, not ${type}`;
  const dims = shape?.dim ?? null;
  if (dims === null) return name === "image" ? `${name} has no shape` : null;
  const fits =
    dims.length === wanted.length &&
    dims.every(({ dimValue }, at) => {
      const size = dimValue === undefined ? null : toNumber(dimValue);
      return size === null || (wanted[at] === null ? within(size, [0, MOST_ELEMENTS]) : size === wanted[at]);
    });
  const shown = dims.map(({ dimValue, dimParam }) => dimParam ?? (dimValue === undefined ? "?" : String(dimValue)));
  return fits
    ? null
    : `${name} is [${shown.slice(0, 20).join(", ").slice(0, 200)}], not [${wanted.map((size) => size ?? "N").join(", ")}]`;
}
