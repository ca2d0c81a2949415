import type { CodedError, ErrorCode } from "../../../errors.js";
import type { Range } from "./operators.js";

/** ONNX's messages as protobufjs makes plain objects of them: what a message does not hold is absent. */

/** An int64, as protobufjs reads it. */
export type Int = number | { toNumber(): number };

export interface Tensor {
  readonly dims?: readonly Int[];
  readonly dataType?: number;
  readonly segment?: Uint8Array;
  readonly name?: string;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly Int[];
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly Int[];
  readonly stringData?: readonly unknown[];
  readonly externalData?: readonly unknown[];
  readonly dataLocation?: number;
}

export interface Attribute {
  readonly name?: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: Int;
  readonly s?: Uint8Array;
  readonly floats?: readonly number[];
  readonly ints?: readonly Int[];
  readonly t?: Tensor;
  readonly g?: Uint8Array;
  readonly graphs?: readonly unknown[];
  readonly tensors?: readonly unknown[];
  readonly tp?: Uint8Array;
  readonly typeProtos?: readonly unknown[];
  readonly sparseTensor?: Uint8Array;
  readonly sparseTensors?: readonly unknown[];
  readonly refAttrName?: string;
}

export interface Node {
  readonly name?: string;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute?: readonly Attribute[];
}

export interface Value {
  readonly name?: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim?: readonly { readonly dimValue?: Int; readonly dimParam?: string }[] };
    };
  };
}

export interface Graph {
  readonly node?: readonly Node[];
  readonly initializer?: readonly Tensor[];
  readonly sparseInitializer?: readonly unknown[];
  readonly input?: readonly Value[];
  readonly output?: readonly Value[];
}

export interface Model {
  readonly producerName?: string;
  readonly graph?: Graph;
  readonly opsetImport?: readonly { readonly domain?: string; readonly version?: Int }[];
  readonly trainingInfo?: readonly unknown[];
  readonly functions?: readonly unknown[];
}

export type Refuse = (code: ErrorCode, message: string) => CodedError;

export function within(value: number, [from, to]: Range): boolean {
  return value >= from && value <= to;
}

export function toNumber(value: Int): number {
  return typeof value === "number" ? value : value.toNumber();
}
