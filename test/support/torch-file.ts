import { crc32 } from "../../models/weights/torch/crc32.js";
import type { Weights } from "../../models/weights/weights.js";

// Files as torch.save writes them, from bytes: what PyTorch itself wrote stands in test/fixtures/torch.

/** A stored zip archive. Files of one buffer are stored once, so that a hostile one can have many names for the same bytes. */
export function archive(files: Readonly<Record<string, Buffer>>, method = 0): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  const places = new Map<Buffer, number>();
  let at = 0;
  for (const [name, data] of Object.entries(files)) {
    const place = places.get(data) ?? at;
    const bytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(bytes.length, 22);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(place, 10);
    directory.push(Buffer.from("PK\x01\x02\0\0", "latin1"), common, central, bytes);
    if (places.has(data)) continue;
    places.set(data, place);
    parts.push(Buffer.from("PK\x03\x04", "latin1"), common, bytes, data);
    at += 30 + bytes.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** Opcodes of a pickle, as text for ASCII ones and numbers in between. */
export function pickle(...parts: readonly (string | number | Buffer)[]): Buffer {
  return Buffer.concat([
    Buffer.of(0x80, 2),
    ...parts.map((part) =>
      typeof part === "number" ? Buffer.of(part) : typeof part === "string" ? Buffer.from(part, "latin1") : part,
    ),
    Buffer.from("."),
  ]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.from("X\0\0\0\0", "latin1");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export function whole(value: number): Buffer {
  const bytes = Buffer.from("J\0\0\0\0", "latin1");
  bytes.writeInt32LE(value, 1);
  return bytes;
}

const list = (values: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from("("), ...values.map(whole), Buffer.from("t")]);

/** A tensor over a storage of float32, as _rebuild_tensor_v2 is called. */
export function tensor(
  key: string,
  length: number,
  shape: readonly number[],
  strides: readonly number[] = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)),
): Buffer {
  return Buffer.concat([
    Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n("),
    ...[
      Buffer.from("("),
      text("storage"),
      Buffer.from("ctorch\nFloatStorage\n"),
      text(key),
      text("cpu"),
      whole(length),
    ],
    ...[Buffer.from("tQ"), whole(0), list(shape), list(strides)],
    Buffer.of(0x89),
    Buffer.from("ccollections\nOrderedDict\n)RtR"),
  ]);
}

/** What torch.save writes of state dicts: names with a dictionary before the first dot where `nested` says so. */
export function torchFile(weights: Weights, { nested = false }: { readonly nested?: boolean } = {}): Buffer {
  const groups = new Map<string, Buffer[]>();
  const files: Record<string, Buffer> = {};
  for (const [name, { shape, data }] of weights) {
    const key = String(Object.keys(files).length);
    const dot = name.indexOf(".");
    const [group, own] = nested ? [name.slice(0, dot), name.slice(dot + 1)] : ["", name];
    files[`saved/data/${key}`] = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    groups.set(group, [...(groups.get(group) ?? []), text(own), tensor(key, data.length, shape)]);
  }
  const dict = (items: readonly Buffer[]) => Buffer.concat([Buffer.from("}("), ...items, Buffer.from("u")]);
  const root = nested
    ? dict([...groups].flatMap(([name, items]) => [text(name), dict(items)]))
    : dict(groups.get("") ?? []);
  return archive({ "saved/data.pkl": pickle(root), ...files });
}

/** The format before archives: of what `root` describes, each storage's numbers (float32) in this order. */
export function legacyFile(root: Buffer, storages: Readonly<Record<string, Buffer>>): Buffer {
  const magic = Buffer.from("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", "latin1");
  const keys = Buffer.concat([Buffer.from("]("), ...Object.keys(storages).map(text), Buffer.from("e")]);
  const bodies = Object.values(storages).flatMap((data) => {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(data.length / 4));
    return [length, data];
  });
  return Buffer.concat([pickle(magic), pickle(whole(1001)), pickle("}"), root, pickle(keys), ...bodies]);
}
