/** Which ONNX operators a model that we are handed may consist of, and what may stand in them. */

/**
 * Tensors in, tensors out. Left out: what runs a graph of its own (If, Loop, Scan: they need not end), sequences, optionals, text,
 * pictures and random numbers. What opens files (EPContext) is in no domain that is known here.
 */
const STANDARD = `
  Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift Cast CastLike Ceil Celu Clip
  Compress Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout
  DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm
  GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish Hardmax
  Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization
  LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow
  QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
  ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign
  Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK
  Transpose Trilu Unsqueeze Upsample Where Xor`;
/** What quantising and optimising with ONNX Runtime make. */
const MICROSOFT = `
  DequantizeLinear FusedConv FusedMatMul Gelu QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearGlobalAveragePool
  QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QuantizeLinear`;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** By domain. */
export const OPERATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", words(STANDARD)],
  ["ai.onnx", words(STANDARD)],
  ["com.microsoft", words(MICROSOFT)],
]);

/** From and to, both included. */
export type Range = readonly [from: number, to: number];

const SIDE: Range = [1, 16_384];
const AXIS: Range = [-64, 64];
const MARGIN: Range = [0, 16_384];

/** What whole numbers an attribute may hold, by its name. Runtimes divide by some of these, and allocate by others. */
export const ATTRIBUTE_RANGES: ReadonlyMap<string, Range> = new Map([
  ["kernel_shape", SIDE],
  ["strides", SIDE],
  ["dilations", SIDE],
  ["pads", MARGIN],
  ["output_padding", MARGIN],
  ["output_shape", SIDE],
  ["group", [1, 65_536]],
  ["num_groups", [1, 65_536]],
  ["blocksize", [1, 1_024]],
  ["size", [1, 65_536]],
  ["num_outputs", [1, 65_536]],
  ["axis", AXIS],
  ["axes", AXIS],
  ["perm", [0, 64]],
  ["batch_dims", AXIS],
]);

/** What a constant input that stands for sizes may hold: each number, and all multiplied. */
export interface SizeInput {
  readonly index: number;
  readonly each: Range;
  readonly most: number;
}

/** 1 GiB of float32. */
export const MOST_ELEMENTS = 2 ** 28;

const shape = (index: number): SizeInput => ({ index, each: [-1, 2 ** 24], most: MOST_ELEMENTS });
const AXES: SizeInput = { index: 1, each: AXIS, most: Number.POSITIVE_INFINITY };

/** By operator. */
export const SIZE_INPUTS: ReadonlyMap<string, readonly SizeInput[]> = new Map([
  ["Reshape", [shape(1)]],
  ["Expand", [shape(1)]],
  ["ConstantOfShape", [shape(0)]],
  ["Tile", [{ index: 1, each: [0, 65_536], most: 65_536 }]],
  ["Resize", [{ index: 2, each: [0, 64], most: 4_096 }, shape(3)]],
  ["Upsample", [{ index: 1, each: [0, 64], most: 4_096 }]],
  ["Pad", [{ index: 1, each: [-16_384, 16_384], most: Number.POSITIVE_INFINITY }]],
  ["OneHot", [{ index: 1, each: [1, 65_536], most: 65_536 }]],
  ["Range", [0, 1].map((index) => ({ index, each: [-(2 ** 24), 2 ** 24] as const, most: Number.POSITIVE_INFINITY }))],
  ["Squeeze", [AXES]],
  ["Unsqueeze", [AXES]],
  ["ReduceSum", [AXES]],
  ["ReduceMean", [AXES]],
  ["ReduceMax", [AXES]],
  ["ReduceMin", [AXES]],
]);
