// Which ONNX operators a model from outside may consist of, and what may stand in them.

/**
 * ONNX's operators from tensors to tensors. Left out: what runs a graph of its own (If, Loop, Scan: they need not end), sequences, optionals, text,
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
/** ONNX Runtime's own operators that quantising and optimising a model with it yield. */
const MICROSOFT = `
  DequantizeLinear FusedConv FusedMatMul Gelu QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearGlobalAveragePool
  QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QuantizeLinear`;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** The operators that a model may have, by domain. */
export const OPERATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", words(STANDARD)],
  ["ai.onnx", words(STANDARD)],
  ["com.microsoft", words(MICROSOFT)],
]);

/** A range of numbers, both ends included. */
export type Range = readonly [from: number, to: number];

const SIDE: Range = [1, 16_384];
const AXIS: Range = [-64, 64];
const MARGIN: Range = [0, 16_384];

/** The range of an attribute's whole numbers, by its name. Runtimes divide by some of them and allocate memory by others. */
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

/** The limits of a constant input that holds sizes or axes: the range of each number, and the most that all may multiply to. */
export interface SizeInput {
  readonly index: number;
  readonly each: Range;
  readonly most: number;
}

/** As many numbers as 1 GiB of float32 holds. */
export const MOST_ELEMENTS = 2 ** 28;

const shape = (index: number): SizeInput => ({ index, each: [-1, 2 ** 24], most: MOST_ELEMENTS });
const AXES: SizeInput = { index: 1, each: AXIS, most: Number.POSITIVE_INFINITY };

/** The inputs that hold sizes or axes, by operator. */
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
