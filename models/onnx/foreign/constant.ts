import type { ConstantData } from "../../graph/graph.js";
import { fromBfloat, fromHalf } from "../../weights/half.js";
import { type Tensor, toNumber } from "../check/messages.js";

/** A constant of a foreign network, in a type that our graphs have. */
export interface Constant {
  readonly data: ConstantData;
  readonly shape: readonly number[];
}

/**
 * A tensor that checkTensor found whole: numbers of every floating-point type as float32, whole ones as int64.
 * @throws TypeError for a type that is neither
 */
export function constantOf(tensor: Tensor): Constant {
  return { data: dataOf(tensor), shape: (tensor.dims ?? []).map(toNumber) };
}

function dataOf({ dataType = 0, name = "", ...tensor }: Tensor): ConstantData {
  // A copy of its own: a tensor's bytes need not be aligned in the file.
  const raw = tensor.rawData === undefined ? null : new Uint8Array(tensor.rawData).buffer;
  switch (dataType) {
    case 1:
      return raw === null ? Float32Array.from(tensor.floatData ?? []) : new Float32Array(raw);
    case 11:
      return Float32Array.from(raw === null ? (tensor.doubleData ?? []) : new Float64Array(raw));
    case 10:
      return fromHalf(raw === null ? Uint16Array.from(tensor.int32Data ?? []) : new Uint16Array(raw));
    case 16:
      return fromBfloat(raw === null ? Uint16Array.from(tensor.int32Data ?? []) : new Uint16Array(raw));
    case 6:
      return BigInt64Array.from(raw === null ? (tensor.int32Data ?? []) : new Int32Array(raw), BigInt);
    case 7:
      return raw === null
        ? BigInt64Array.from(tensor.int64Data ?? [], (value) => BigInt(toNumber(value)))
        : new BigInt64Array(raw);
    default:
      throw new TypeError(
        `constant ${name.slice(0, 100)} is of a type (${dataType}) that a float teacher has no use for`,
      );
  }
}
