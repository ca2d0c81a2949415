import { fromBfloat, fromHalf } from "../half.js";
import type { Weights, WeightTensor } from "../weights.js";
import { isArchive, openArchive } from "./archive.js";
import type { Bytes } from "./bytes.js";
import { type Pickled, readPickle, type Storage, type TensorView, tupleOf } from "./pickle.js";
import { stateDictOf } from "./state-dict.js";
import { STORAGE_BYTES, TORCH_WORLD } from "./world.js";

/** A pickle describes tensors, 100 bytes each; the numbers are elsewhere. */
const MOST_PICKLE_BYTES = 16_000_000;
/** torch.serialization: what files begin with that are no archives, and their version. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** A file of torch.save: what it was given, and where its storages are. */
interface Saved {
  readonly root: Pickled;
  /** The bytes of a storage, as many as its numbers need. */
  storage(storage: Storage): Promise<Buffer<ArrayBuffer>>;
}

/**
 * The tensors that torch.save wrote, of zip archives (PyTorch 1.6 and later) and of the format before. Only what the state dict names is read;
 * tensors of whole numbers are left out, as weights have none (BatchNorm's counters do).
 * @throws PickleRefusal for a pickle that asks for more than tensors; RangeError, TypeError for other bytes
 */
export async function readTorch(bytes: Bytes): Promise<Weights> {
  const head = await bytes.read(0, Math.min(bytes.size, 512));
  const saved = isArchive(head) ? await fromArchive(bytes) : await fromStream(bytes);
  const views = stateDictOf(saved.root);
  requireOneStorageByKey(views.values());
  requireNoMultiples(views.values());
  const weights = new Map<string, WeightTensor>();
  const storages = new Map<string, Float32Array | null>();
  const tensors = new Map<string, WeightTensor>();
  for (const [name, view] of views) {
    const { key } = view.storage;
    if (!storages.has(key)) storages.set(key, floatsIn(view.storage, await saved.storage(view.storage)));
    const numbers = storages.get(key) ?? null;
    if (numbers === null) continue;
    const same = viewKey(view);
    const tensor = tensors.get(same) ?? { shape: view.shape, data: gathered(numbers, view) };
    tensors.set(same, tensor);
    weights.set(name, tensor);
  }
  return weights;
}

async function fromArchive(bytes: Bytes): Promise<Saved> {
  const archive = await openArchive(bytes);
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new TypeError("a zip archive, but not one of torch.save: it holds no data.pkl");
  const folder = pickle.slice(0, -"data.pkl".length);
  requirePickleSize(archive.sizeOf(pickle) ?? 0);
  if (archive.sizeOf(`${folder}byteorder`) !== undefined) {
    const order = (await archive.read(`${folder}byteorder`)).toString("latin1").slice(0, 20);
    if (order !== "little") throw new TypeError(`its numbers are ${order}-endian`);
  }
  const { value } = readPickle(await archive.read(pickle), 0, TORCH_WORLD);
  return {
    root: value,
    storage(storage) {
      const name = `${folder}data/${storage.key}`;
      const [size, wanted] = [archive.sizeOf(name), bytesOf(storage)];
      if (size !== wanted) throw new RangeError(`storage ${storage.key} has ${size ?? 0} bytes, not ${wanted}`);
      return archive.read(name);
    },
  };
}

/** The format before archives: five pickles (magic number, version, machine, what was saved, keys of storages), then each storage's numbers. */
async function fromStream(bytes: Bytes): Promise<Saved> {
  const head = await bytes.read(0, Math.min(bytes.size, MOST_PICKLE_BYTES));
  const pickles: Pickled[] = [];
  let end = 0;
  for (let index = 0; index < 5; index += 1) {
    const read = readPickle(head, end, TORCH_WORLD);
    pickles.push(read.value);
    end = read.end;
    if (index === 0 && read.value !== MAGIC) throw new TypeError("a pickle, but not one of torch.save");
    if (index === 1 && read.value !== PROTOCOL)
      throw new TypeError("a version of torch.save's format that is not known");
  }
  const [, , , root = null, keys = null] = pickles;
  const wanted = new Map([...storagesIn(root)].map((storage) => [storage.key, storage]));
  const places = new Map<string, number>();
  for (const key of tupleOf(keys)) {
    const storage = typeof key === "string" ? wanted.get(key) : undefined;
    if (storage === undefined) throw new RangeError("it holds a storage that no tensor is of");
    const length = Number((await bytes.read(end, 8)).readBigInt64LE());
    if (length !== storage.length)
      throw new RangeError(`storage ${storage.key} has ${length} numbers, not ${storage.length}`);
    places.set(storage.key, end + 8);
    end += 8 + bytesOf(storage);
  }
  return {
    root,
    storage(storage) {
      const place = places.get(storage.key);
      if (place === undefined) throw new RangeError(`it lacks storage ${storage.key}`);
      return bytes.read(place, bytesOf(storage));
    },
  };
}

/** Every storage that something in a value is a view of, whether it is a weight or not. */
function storagesIn(root: Pickled): ReadonlySet<Storage> {
  const found = new Set<Storage>();
  const seen = new Set<Pickled>();
  const waiting = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value.kind === "storage") found.add(value);
    else if (value.kind === "tensor") found.add(value.storage);
    else if (value.kind === "dict") for (const each of value.entries.values()) waiting.push(each);
    else if (value.kind !== "class") for (const each of value.items) waiting.push(each);
  }
  return found;
}

/** Refuses storages of one key, but of different types or lengths: torch.save writes none, and each would be read anew. */
function requireOneStorageByKey(views: Iterable<TensorView>): void {
  const found = new Map<string, Storage>();
  for (const { storage } of views) {
    const { type, length } = found.get(storage.key) ?? storage;
    if (storage.type !== type || storage.length !== length)
      throw new RangeError(`storage ${storage.key} is of two types or lengths`);
    found.set(storage.key, storage);
  }
}

/** Refuses many views of the same numbers, which would be gigabytes out of a small file. A tensor by two names is one view. */
function requireNoMultiples(views: Iterable<TensorView>): void {
  const used = new Map<string, number>();
  const seen = new Set<string>();
  for (const view of views) {
    const same = viewKey(view);
    const { key } = view.storage;
    if (seen.has(same)) continue;
    seen.add(same);
    const total = (used.get(key) ?? 0) + sizeOf(view.shape);
    used.set(key, total);
    if (total > view.storage.length) throw new RangeError("its tensors are many views of the same numbers");
  }
}

const viewKey = ({ storage, offset, shape, strides }: TensorView): string =>
  JSON.stringify([storage.key, offset, shape, strides]);
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
const bytesOf = ({ type, length }: Storage): number => length * (STORAGE_BYTES.get(type) ?? 0);

function requirePickleSize(size: number): void {
  if (size > MOST_PICKLE_BYTES)
    throw new RangeError(`its pickle has ${size} bytes; tensors by name need no ${MOST_PICKLE_BYTES}`);
}

/** A storage's numbers as float32; null for whole numbers. */
function floatsIn({ type }: Storage, { buffer }: Buffer<ArrayBuffer>): Float32Array | null {
  if (type === "FloatStorage") return new Float32Array(buffer);
  if (type === "DoubleStorage") return Float32Array.from(new Float64Array(buffer));
  if (type === "HalfStorage") return fromHalf(new Uint16Array(buffer));
  return type === "BFloat16Storage" ? fromBfloat(new Uint16Array(buffer)) : null;
}

/** A view's numbers, row-major; the storage itself where they are all of it in that order. */
function gathered(storage: Float32Array, { offset, shape, strides }: TensorView): Float32Array {
  const size = sizeOf(shape);
  let contiguous = true;
  let wanted = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    if (shape[axis] !== 1 && strides[axis] !== wanted) contiguous = false;
    wanted *= shape[axis]!;
  }
  if (contiguous) return storage.subarray(offset, offset + size);
  const data = new Float32Array(size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < size; to += 1) {
    data[to] = storage[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return data;
}
