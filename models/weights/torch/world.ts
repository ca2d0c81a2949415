import { inWords, type Pickled, PickleRefusal, type PickleWorld, type TensorView, tupleOf } from "./pickle.js";

/** Bytes of a number, by PyTorch's class of storage. */
export const STORAGE_BYTES: ReadonlyMap<string, number> = new Map([
  ["FloatStorage", 4],
  ["HalfStorage", 2],
  ["BFloat16Storage", 2],
  ["DoubleStorage", 8],
  ["LongStorage", 8],
  ["IntStorage", 4],
  ["ShortStorage", 2],
  ["CharStorage", 1],
  ["ByteStorage", 1],
  ["BoolStorage", 1],
]);

const STORAGE = /^torch\.(?:cuda\.)?([A-Z]\w*Storage)$/;
/** Values that stand beside tensors in checkpoints, and say nothing about them. */
const PLAIN = /^torch\.(float32|float|float64|double|float16|half|bfloat16|int64|int32|int16|int8|uint8|bool)$/;

/** The callables that state dicts are pickled with, as what they build. */
const CALLS: ReadonlyMap<string, (args: readonly Pickled[]) => Pickled> = new Map([
  ["collections.OrderedDict", ordered],
  ["torch.Size", ([items = null]) => ({ kind: "tuple", items: [...tupleOf(items)] })],
  ["torch._utils._rebuild_tensor", tensor],
  ["torch._utils._rebuild_tensor_v2", tensor],
  ["torch._utils._rebuild_parameter", ([data = null]) => data],
]);

/** Keys are numbers in decimal. */
const MOST_KEY_LENGTH = 50;
/** More axes than any weight has. */
const MOST_AXES = 8;

/** The classes and functions that a state dict of tensors is made of. */
export const TORCH_WORLD: PickleWorld = {
  classOf(name) {
    const storage = STORAGE.exec(name)?.[1];
    if (CALLS.has(name) || PLAIN.test(name) || (storage !== undefined && STORAGE_BYTES.has(storage))) {
      return { kind: "class", name };
    }
    throw new PickleRefusal(`it names ${name.slice(0, 200)}, which weights are not made of`);
  },
  call(callee, args) {
    const build = typeof callee === "object" && callee?.kind === "class" ? CALLS.get(callee.name) : undefined;
    if (build === undefined) throw new PickleRefusal(`it calls ${inWords(callee)}, which weights are not made of`);
    return build(args);
  },
  persistent(id) {
    const [kind, type = null, key = null, , length = null, view = null] = tupleOf(id);
    const name = typeof type === "object" && type?.kind === "class" ? STORAGE.exec(type.name)?.[1] : undefined;
    if (kind !== "storage" || name === undefined || typeof key !== "string") {
      throw new PickleRefusal("it refers to something outside itself that is no storage of tensors");
    }
    if (key.length > MOST_KEY_LENGTH) throw new RangeError(`a storage's key has ${key.length} characters`);
    if (view !== null) throw new TypeError("its storages are views of others, as PyTorch 0.1 wrote them");
    return { kind: "storage", key, type: name, length: count(length) };
  },
};

function ordered([pairs = null]: readonly Pickled[]): Pickled {
  const entries = new Map<Pickled, Pickled>();
  for (const pair of pairs === null ? [] : tupleOf(pairs)) {
    const [key = null, value = null] = tupleOf(pair);
    entries.set(key, value);
  }
  return { kind: "dict", entries };
}

function tensor([storage = null, offset = null, shape = null, strides = null]: readonly Pickled[]): TensorView {
  if (typeof storage !== "object" || storage?.kind !== "storage") throw new TypeError("a tensor has no storage");
  const view: TensorView = {
    kind: "tensor",
    storage,
    offset: count(offset),
    shape: tupleOf(shape).map(count),
    strides: tupleOf(strides).map(count),
  };
  if (view.shape.length > MOST_AXES || view.strides.length !== view.shape.length) {
    throw new RangeError(`a tensor has ${view.shape.length} axes and ${view.strides.length} strides`);
  }
  requireInside(view);
  return view;
}

/** Refuses a view that reaches beyond its storage, or yields more numbers than that has. */
function requireInside({ storage, offset, shape, strides }: TensorView): void {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const last = size === 0 ? -1 : shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, offset);
  if (size > storage.length || last >= storage.length) {
    throw new RangeError(`a tensor [${shape.join(", ")}] does not fit its storage of ${storage.length} numbers`);
  }
}

function count(value: Pickled): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${inWords(value)} stands where a size should`);
}
