import { readFile } from "node:fs/promises";
import { CodedError, messageOf } from "../../errors.js";
import { fromBfloat, fromHalf, toHalf } from "./half.js";
import { shown, type Weights, type WeightTensor } from "./weights.js";

/**
 * The safetensors format: 8 bytes little-endian length, a JSON header of that length, then the tensors' bytes.
 * Read: F32, F16, BF16 and F64, as float32 (I64 counters are left out: only `num_batches_tracked` uses them). Written: F32 and F16.
 */

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8 };
/** The reference implementation allows ten times as much; a ConvNeXt's needs 60 KB. */
const MAX_HEADER_BYTES = 10_000_000;

/**
 * The tensors of a file.
 * @throws CodedError WEIGHTS_UNREADABLE with the file, and the tensor where it is one's fault
 */
export async function readSafetensors(path: string): Promise<Weights> {
  const refuse = (message: string, cause?: unknown) =>
    new CodedError("WEIGHTS_UNREADABLE", message, {
      at: path,
      cause,
    });
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    throw refuse(`cannot read weights: ${messageOf(error)}`, error);
  }
  try {
    return parseSafetensors(file);
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}

/**
 * The tensors in a file's bytes.
 * @throws RangeError, SyntaxError or TypeError for bytes that are not safetensors
 */
export function parseSafetensors(file: Uint8Array): Weights {
  const { header, headerBytes } = headerOf(file);
  const body = file.subarray(8 + headerBytes);
  const weights = new Map<string, WeightTensor>();
  for (const [name, entry] of inOrder(header, body.byteLength)) {
    const size = BYTES[entry.dtype];
    if (size === undefined) throw new TypeError(`tensor ${shown(name)}: unsupported type ${shown(entry.dtype)}`);
    const [from, to] = entry.data_offsets;
    const count = entry.shape.reduce((product, dim) => product * dim, 1);
    if (to - from !== count * size) throw new RangeError(`tensor ${shown(name)}: its bytes do not match its shape`);
    if (entry.dtype === "I64") continue;
    // A copy: Buffer.slice() would keep the whole file in memory, and a tensor's bytes need not be aligned in it.
    const bytes = new Uint8Array(body.subarray(from, to));
    weights.set(name, { shape: entry.shape, data: floatsIn(entry.dtype, bytes.buffer) });
  }
  return weights;
}

function floatsIn(type: string, buffer: ArrayBuffer): Float32Array {
  if (type === "F32") return new Float32Array(buffer);
  if (type === "F64") return Float32Array.from(new Float64Array(buffer));
  return type === "BF16" ? fromBfloat(new Uint16Array(buffer)) : fromHalf(new Uint16Array(buffer));
}

/**
 * The tensors in the order of their bytes, which must follow each other and fill the file, as the format says: many names for the same
 * bytes would make gigabytes out of a small file.
 */
function inOrder(header: Readonly<Record<string, unknown>>, bodyBytes: number): readonly (readonly [string, Entry])[] {
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]): readonly [string, Entry] => {
      if (!isEntry(entry)) throw new TypeError(`tensor ${shown(name)}: malformed entry`);
      return [name, entry];
    })
    .sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const [name, { data_offsets: offsets }] of entries) {
    const [from, to] = offsets;
    if (from !== end || to < from || to > bodyBytes) {
      throw new RangeError(`tensor ${shown(name)}: its bytes overlap another's, leave a gap, or lie outside the file`);
    }
    end = to;
  }
  if (end !== bodyBytes) throw new RangeError(`${bodyBytes - end} bytes at its end belong to no tensor`);
  return entries;
}

export interface EncodeOptions {
  /** Stores float16, half the size. */
  readonly half?: boolean;
  /** Text kept in the header, read by {@link metadataOf}. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export function encodeSafetensors(weights: Weights, { half = false, metadata }: EncodeOptions = {}): Uint8Array {
  const size = half ? 2 : 4;
  const header: Record<string, object> = metadata === undefined ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of weights) {
    const entry: Entry = {
      dtype: half ? "F16" : "F32",
      shape,
      data_offsets: [offset, offset + data.length * size],
    };
    header[name] = entry;
    offset += data.length * size;
  }
  const json = Buffer.from(JSON.stringify(header), "utf8");
  // The header is padded with spaces to a multiple of eight bytes, as the reference implementation does.
  const head = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const file = new Uint8Array(8 + head.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let at = 8 + head.length;
  for (const { data } of weights.values()) {
    const stored = half ? toHalf(data) : data;
    file.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), at);
    at += stored.byteLength;
  }
  return file;
}

/** The texts in the header that {@link encodeSafetensors} was given as metadata. */
export function metadataOf(file: Uint8Array): Readonly<Record<string, unknown>> {
  const { __metadata__: metadata } = headerOf(file).header;
  return typeof metadata === "object" && metadata !== null ? { ...metadata } : {};
}

function headerOf(file: Uint8Array): { header: Readonly<Record<string, unknown>>; headerBytes: number } {
  if (file.byteLength < 8) throw new RangeError("shorter than its own length field");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > file.byteLength) throw new RangeError("header is cut off");
  const header: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)));
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new TypeError("header is no object");
  return { header: { ...header }, headerBytes };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data_offsets } = value as Partial<Entry>;
  const sizes = (list: unknown) => Array.isArray(list) && list.every((each) => Number.isSafeInteger(each) && each >= 0);
  return typeof dtype === "string" && sizes(shape) && sizes(data_offsets) && data_offsets?.length === 2;
}
