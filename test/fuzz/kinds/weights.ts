import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { CodedError } from "../../../errors.js";
import { resnet } from "../../../models/network/backbones/resnet.js";
import { loadTeacher } from "../../../models/network/load.js";
import { teacherParameters } from "../../../models/network/parameters.js";
import { createRandom } from "../../../models/random.js";
import { readCheckpoint } from "../../../models/training/checkpoint.js";
import { initialWeights } from "../../../models/training/initial.js";
import { readWeights } from "../../../models/weights/read.js";
import { encodeSafetensors } from "../../../models/weights/safetensors.js";
import { temporaryFolder } from "../../support/config.js";
import { torchFile } from "../../support/torch-file.js";
import { awkwardNames, awkwardNumbers, damaged } from "../damage.js";
import { Finding, type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";
import { torchFiles } from "./torch-files.js";

interface File {
  readonly bytes: Buffer;
  readonly as: "weights" | "torch" | "teacher" | "torch teacher" | "checkpoint";
}

/** Characters of a refusal: what a file says may be in it, but not at length. */
const MOST_MESSAGE_LENGTH = 5_000;

const tensors = new Map([
  ["conv1.weight", { shape: [4, 3], data: new Float32Array(12).fill(0.5) }],
  ["bias", { shape: [4], data: new Float32Array(4) }],
]);
const metadata = JSON.stringify({ recipe: "r", epoch: 1, batch: 2, losses: [1], epochLosses: [], step: 3 });
const originals = [
  encodeSafetensors(tensors),
  encodeSafetensors(tensors, { half: true }),
  encodeSafetensors(tensors, { metadata: { progress: metadata } }),
  encodeSafetensors(new Map()),
].map((each) => Buffer.from(each));
/** A whole teacher, narrow: what is wrong with it is one tensor among many. */
const teacherWeights = initialWeights(teacherParameters(resnet("resnet18", 2)), createRandom(1));
const teacher = Buffer.from(encodeSafetensors(teacherWeights));
const torchTeacher = torchFile(teacherWeights);

const number = fc.oneof(fc.constantFrom(...awkwardNumbers), fc.integer({ min: 0, max: 64 }), fc.double());
const anything = fc.oneof(number, fc.string({ maxLength: 8 }), fc.constant(null), fc.jsonValue());
const entry = fc.record(
  {
    dtype: fc.oneof(fc.constantFrom("F32", "F16", "I64", "BF16", "F64", "U8", ""), anything),
    shape: fc.oneof(fc.array(fc.oneof(fc.integer({ min: 0, max: 8 }), number), { maxLength: 5 }), anything),
    data_offsets: fc.oneof(
      fc.tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 64 })),
      fc.tuple(number, number),
      anything,
    ),
  },
  { requiredKeys: [] },
);
const header = fc.dictionary(
  fc.oneof(fc.constantFrom("conv1.weight", "__metadata__", ...awkwardNames), fc.string({ maxLength: 10 })),
  fc.oneof(entry, entry, anything),
  { maxKeys: 8 },
);
/** Many names for the same bytes: small on disk, large in memory. */
const overlapping = fc
  .tuple(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 20_000 }))
  .map(([count, size]) => {
    const each = { dtype: "F32", shape: [size], data_offsets: [0, size * 4] };
    const names = Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, each]));
    return file(JSON.stringify(names), Buffer.alloc(size * 4));
  });
const deep = fc
  .integer({ min: 1, max: 50_000 })
  .map((depth) => file("[".repeat(depth) + "]".repeat(depth), Buffer.alloc(0)));
const lying = fc.tuple(fc.constantFrom(...awkwardNumbers), fc.uint8Array({ maxLength: 64 })).map(([length, body]) => {
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(Math.trunc(length))));
  bytes.set(body, 8);
  return bytes;
});
const numbersThatAreNone = fc
  .tuple(fc.constantFrom(0x7fc00000, 0x7f800000, 0xff800000), fc.nat(3))
  .map(([bits, at]) => {
    const bytes = Buffer.from(originals[0]!);
    bytes.writeUInt32LE(bits, bytes.length - 4 * (at + 1));
    return bytes;
  });

function file(json: string, body: Buffer): Buffer {
  const head = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, body]);
}

const made = fc
  .tuple(header, fc.uint8Array({ maxLength: 96 }))
  .map(([json, body]) => file(JSON.stringify(json), Buffer.from(body)));

const inputs: fc.Arbitrary<File> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      bytes: fc.oneof(
        { weight: 8, arbitrary: damaged(originals) },
        { weight: 8, arbitrary: made },
        { weight: 2, arbitrary: lying },
        { weight: 2, arbitrary: numbersThatAreNone },
        { weight: 1, arbitrary: overlapping },
        { weight: 1, arbitrary: deep },
        { weight: 2, arbitrary: fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each)) },
      ),
      as: fc.constantFrom("weights", "teacher", "checkpoint"),
    }),
  },
  { weight: 20, arbitrary: torchFiles.map((bytes): File => ({ bytes, as: "torch" })) },
  { weight: 1, arbitrary: damaged([teacher], 2).map((bytes): File => ({ bytes, as: "teacher" })) },
  { weight: 1, arbitrary: damaged([torchTeacher], 2).map((bytes): File => ({ bytes, as: "torch teacher" })) },
);

async function open(): Promise<Subject<File>> {
  const dir = temporaryFolder();
  return {
    async tryOne({ bytes, as }) {
      const path = join(dir, as.startsWith("torch") ? "w.pth" : "w.safetensors");
      writeFileSync(path, bytes);
      try {
        if (as === "checkpoint") {
          const { progress, state } = await readCheckpoint(path);
          const { epoch, batch, losses, epochLosses } = progress;
          const counts = [epoch, batch, state.step].every((each) => Number.isSafeInteger(each) && each >= 0);
          const lists = [losses, epochLosses].every(
            (list) => Array.isArray(list) && list.every((each) => typeof each === "number"),
          );
          if (!counts || !lists) throw new Finding("a checkpoint that cannot be resumed from was taken");
          return TAKEN;
        }
        const isTeacher = as.endsWith("teacher");
        const weights = isTeacher ? (await loadTeacher(path, "resnet18")).weights : await readWeights(path);
        // In a state dict one tensor may have two names.
        const distinct = new Set([...weights.values()].map(({ data }) => data));
        const floats = [...distinct].reduce((sum, data) => sum + data.length, 0);
        for (const [name, { shape, data }] of weights) {
          if (shape.reduce((product, dim) => product * dim, 1) !== data.length)
            throw new Finding(`${name} has another shape`);
          if (isTeacher && !data.every(Number.isFinite)) throw new Finding(`${name} holds what is no number`);
        }
        if (floats * 2 > bytes.length) throw new Finding(`${floats} numbers out of ${bytes.length} bytes`);
        return TAKEN;
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        if (error.message.length > MOST_MESSAGE_LENGTH)
          throw new Finding(`${error.message.length} characters of refusal`);
        return requireCode(error.code);
      }
    },
    close: async () => undefined,
  };
}

export const weights: FuzzKind<File> = { name: "weights", inputs, limitMs: 1_000, open };
