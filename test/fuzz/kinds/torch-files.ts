import { readFileSync } from "node:fs";
import fc from "fast-check";
import { archive, legacyFile, pickle, tensor, text, torchFile, whole } from "../../support/torch-file.js";
import { awkwardNames, awkwardNumbers, damaged } from "../damage.js";

// Files of torch.save, as hostile as can be: what is wrong lies in the bytes, in the pickle behind a right checksum, or in what it describes.

const fixtures = ["archive", "legacy", "nested", "training", "whole-module"].map((name) =>
  readFileSync(new URL(`../../../../test/fixtures/torch/${name}.pth`, import.meta.url)),
);
const four = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
const small = torchFile(new Map([["a", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]]));

/** A pickle in either format, with two storages of four numbers. */
const framed = (root: Buffer, legacy: boolean): Buffer =>
  legacy ? legacyFile(root, { 0: four, 1: four }) : archive({ "w/data.pkl": root, "w/data/0": four, "w/data/1": four });

const dict = (...items: readonly (string | number | Buffer)[]): Buffer => pickle("}(", ...items, "u");
const right = [
  dict(text("a"), tensor("0", 4, [2, 2]), text("b"), tensor("1", 4, [4])),
  dict(text("model"), "}(", text("a"), tensor("0", 4, [2, 2], [1, 2]), "u", text("epoch"), whole(3)),
  dict(text("a"), tensor("0", 4, [4]), "q", 1, text("b"), "h", 1, text("c"), tensor("1", 4, [1, 4])),
];

const number = fc.oneof(fc.constantFrom(...awkwardNumbers), fc.integer({ min: 0, max: 5 }));
const whole32 = number.map((value) => whole(value | 0));
const wide = number.map((value) => {
  const bytes = Buffer.from([0x8a, 8, ...Buffer.alloc(8)]);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), 2);
  return bytes;
});
const key = fc.constantFrom("0", "1", "2", "../0", "", "x".repeat(60));
const sizes = fc.array(
  number.map((each) => each | 0),
  { maxLength: 4 },
);
const rowMajor = (shape: readonly number[]) =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1) | 0);
const view = fc
  .tuple(key, number, sizes, fc.option(sizes, { nil: undefined }))
  .map(([name, length, shape, strides]) => tensor(name, length | 0, shape, strides ?? rowMajor(shape)));
const classes = fc
  .constantFrom(
    "collections OrderedDict",
    "torch Size",
    "torch FloatStorage",
    "torch.cuda HalfStorage",
    "torch BoolStorage",
    "torch float32",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "os system",
    "builtins eval",
  )
  .map((each) => Buffer.from(`c${each.replace(" ", "\n")}\n`));
const memo = fc.tuple(fc.constantFrom("q", "h"), fc.nat(3)).map(([code, at]) => Buffer.from([code.charCodeAt(0), at]));
const opcode = fc
  .oneof(
    fc.constantFrom(...Buffer.from("().}]uesatbRQN0"), 0x85, 0x86, 0x87, 0x88, 0x93, 0x94, 0x95),
    fc.integer({ min: 0, max: 255 }),
  )
  .map((code) => Buffer.of(code));
const name = fc.oneof(fc.constantFrom("a", "b", "storage", ...awkwardNames), fc.string({ maxLength: 8 })).map(text);
const piece = fc.oneof(name, whole32, wide, view, view, classes, memo, opcode, opcode);
const program = fc.array(piece, { maxLength: 24 }).map((pieces) => pickle(...pieces));
const entries = fc.array(fc.tuple(name, fc.oneof(view, piece)), { maxLength: 6 }).map((pairs) => dict(...pairs.flat()));

/** Small files that would take gigabytes, or hours. */
const bombs: readonly ((many: number) => Buffer)[] = [
  (many) => {
    const body = Buffer.alloc(40 * many);
    const views = Array.from({ length: many }, (_, at) => [text(`t${at}`), tensor(`${at}`, 10 * many, [10 * many])]);
    const named = Object.fromEntries(views.map((_, at) => [`w/data/${at}`, body]));
    return archive({ "w/data.pkl": dict(...views.flat()), ...named });
  },
  (many) => {
    const views = Array.from({ length: many }, (_, at) => [text(`t${at}`), tensor("0", many + at, [many + at])]);
    return legacyFile(dict(...views.flat()), { 0: Buffer.alloc(8 * many) });
  },
  (many) => {
    const pairs = Array.from({ length: many }, (_, at) => [whole(at), "N", 0x86]).flat();
    const again = Array.from({ length: many }, () => ["h", 0, "h", 1, "R"]).flat();
    const list = ["](", ...pairs, "e", 0x85, "q", 1, "0"];
    const kept = list.slice(0, -1);
    return framed(pickle("ccollections\nOrderedDict\nq", 0, ...kept, ...again), false);
  },
  (many) => {
    const level = (at: number) => [
      "}",
      ...Array.from({ length: many }, (_, each) => [whole(each), "h", at, "s"]).flat(),
      "q",
      at + 1,
    ];
    return framed(pickle("}q", 0, ...[0, 1, 2, 3, 4, 5].flatMap(level)), false);
  },
  (many) => {
    const views = Array.from({ length: many }, (_, at) => [text(`t${at}`), tensor("0", 4, [4])]);
    return framed(dict(text("n".repeat(100 * many)), "}(", ...views.flat(), "u"), false);
  },
];
const bomb = fc.tuple(fc.constantFrom(...bombs), fc.integer({ min: 10, max: 4_000 })).map(([made, many]) => made(many));

export const torchFiles: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: damaged([...fixtures, small]) },
  ...[damaged(right, 3), program, entries].map((root) => ({
    weight: 6,
    arbitrary: fc.tuple(root, fc.boolean()).map(([each, legacy]) => framed(each, legacy)),
  })),
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...right), fc.boolean()).map(([each, old]) => framed(each, old)) },
  { weight: 1, arbitrary: bomb },
);
