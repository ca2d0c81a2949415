import { ELEMENT_BYTES } from "../schema.js";
import { type Refuse, type Tensor, toNumber } from "./messages.js";

/** The largest message that protocol buffers can hold, bytes. */
export const MOST_BYTES = 2 ** 31 - 1;

/**
 * Refuses a tensor that lies in another file, is of a type that no picture needs, or has more or fewer numbers than its shape says.
 * @throws CodedError MODEL_EXTERNAL_DATA, MODEL_TENSOR_INVALID
 */
export function checkTensor(tensor: Tensor, refuse: Refuse): void {
  const { name = "", dataType = 0, segment, externalData = [], dataLocation = 0, stringData = [] } = tensor;
  const shown = name.slice(0, 100);
  if (externalData.length > 0 || dataLocation !== 0) {
    throw refuse("MODEL_EXTERNAL_DATA", `tensor ${shown} lies in another file; a bundle's model is whole`);
  }
  const bytes = ELEMENT_BYTES[dataType];
  if (bytes === undefined || segment !== undefined || stringData.length > 0) {
    throw refuse("MODEL_TENSOR_INVALID", `tensor ${shown} is of a kind (${dataType}) that no picture needs`);
  }
  const dims = (tensor.dims ?? []).map(toNumber);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => dim < 0 || dim > MOST_BYTES) || !(count * bytes <= MOST_BYTES)) {
    throw refuse("MODEL_TENSOR_INVALID", `tensor ${shown} is [${dims.slice(0, 20).join(", ")}]`);
  }
  const held = tensor.rawData === undefined ? typedCount(tensor, dataType) : tensor.rawData.length / bytes;
  if (held !== count) {
    throw refuse("MODEL_TENSOR_INVALID", `tensor ${shown} has ${held} of the ${count} numbers that its shape declares`);
  }
}

/** How many numbers a tensor holds in the typed field that onnx.proto gives its type. */
function typedCount(tensor: Tensor, dataType: number): number {
  const field =
    dataType === 1
      ? tensor.floatData
      : dataType === 11
        ? tensor.doubleData
        : dataType === 7
          ? tensor.int64Data
          : dataType === 12 || dataType === 13
            ? tensor.uint64Data
            : tensor.int32Data;
  return field?.length ?? 0;
}

/** The numbers of a constant, the first 64 at most: a constant that stands for sizes or axes has no more. */
export function numbersOf({ dataType, rawData, floatData, int32Data, int64Data }: Tensor): readonly number[] {
  if (rawData === undefined) return [...(floatData ?? int32Data ?? int64Data ?? [])].slice(0, 64).map(toNumber);
  const view = new DataView(rawData.buffer, rawData.byteOffset, Math.min(rawData.byteLength, 512));
  const read: Readonly<Record<number, readonly [number, (at: number) => number]>> = {
    1: [4, (at) => view.getFloat32(at, true)],
    6: [4, (at) => view.getInt32(at, true)],
    7: [8, (at) => Number(view.getBigInt64(at, true))],
    11: [8, (at) => view.getFloat64(at, true)],
  };
  const [size, number] = read[dataType ?? 0] ?? [1, () => 0];
  return Array.from({ length: Math.floor(view.byteLength / size) }, (_, index) => number(index * size));
}
