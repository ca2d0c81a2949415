import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { exportBundle } from "../../models/bundle/export.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { loadTeacher } from "../../models/network/load.js";
import { studentParameters } from "../../models/network/parameters.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { readWeights } from "../../models/weights/read.js";
import { encodeSafetensors, readSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";
import { temporaryFolder } from "../support/config.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";
import { archive, legacyFile, pickle, tensor, text, torchFile, whole } from "../support/torch-file.js";

const test = suite("files of torch.save");
const dir = temporaryFolder();
/** Written by PyTorch 2.13. */
const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/torch/${name}.pth`, import.meta.url));

async function refusal(work: Promise<unknown>): Promise<CodedError> {
  const error = await work.then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof CodedError) return error;
  throw error;
}

async function written(bytes: Uint8Array, name = "w.pth"): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return path;
}

const refused = async (bytes: Uint8Array): Promise<CodedError> => refusal(readWeights(await written(bytes)));
const saved = (root: Buffer, storages: Readonly<Record<string, Buffer>> = {}): Buffer =>
  archive({ "w/data.pkl": root, ...storages });

for (const format of ["archive", "legacy"]) {
  test(`${format}: tensors of every floating-point type and memory layout come as PyTorch has them`, async () => {
    const weights = await readWeights(fixture(format));
    const eighths = Float32Array.from({ length: 24 }, (_, index) => index / 8);
    for (const name of ["plain", "half", "bfloat", "double", "channels_last", "tied"]) {
      assert.equal(weights.get(name), { shape: [2, 3, 2, 2], data: eighths }, name);
    }
    assert.equal(weights.get("transposed"), { shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
    assert.equal(weights.get("scalar"), { shape: [], data: Float32Array.of(3.5) });
    assert.equal(weights.get("empty"), { shape: [0, 4], data: new Float32Array(0) });
    assert.equal(weights.get("parameter"), { shape: [2], data: Float32Array.of(1, 1) });
    assert.is(weights.has("bn.num_batches_tracked"), false);
  });
}

test("of a training's checkpoint the network is taken, of dictionaries within it their names", async () => {
  assert.equal(
    [...(await readWeights(fixture("training"))).keys()],
    ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"].map((name) => `module.${name}`),
  );
  assert.equal([...(await readWeights(fixture("nested"))).keys()], ["bn.a", "bn.memory", "decoder.b"]);
});

test("a pickled module is refused by the name of its class: only tensors by name are read", async () => {
  const error = await refusal(readWeights(fixture("whole-module")));
  assert.is(error.code, "WEIGHTS_REFUSED");
  assert.match(error.message, "torch.nn.modules.container.Sequential");
  assert.is(error.at, fixture("whole-module"));
});

test("a hostile pickle is refused, and what it would have run or built is named", async () => {
  const command = Buffer.concat([Buffer.from("("), text("touch /tmp/owned"), Buffer.from("tR")]);
  const hostile: Readonly<Record<string, Buffer>> = {
    "os.system": pickle("cos\nsystem\n", command),
    "builtins.eval": pickle(text("builtins"), text("eval"), 0x93, command),
    "torch.hub.load": pickle("ctorch.hub\nload\n", command),
    "collections.OrderedDict.update": pickle("ccollections.OrderedDict\nupdate\n"),
    INST: pickle("(", text("x"), "ios\nsystem\n"),
    OBJ: pickle("(ccollections\nOrderedDict\no"),
    NEWOBJ: pickle("ccollections\nOrderedDict\n)", 0x81),
    EXT1: pickle(0x82, 1),
    PERSID: pickle("Pos\n"),
    "outside itself": pickle("(", text("file"), text("/etc/passwd"), "tQ"),
    "a string": pickle(text("os.system"), command),
    "torch.FloatStorage": pickle("ctorch\nFloatStorage\n(", whole(1_000_000_000), "tR"),
    "a class": pickle("ccollections\nOrderedDict\n}b"),
    "0xff": pickle(0xff),
  };
  for (const [named, root] of Object.entries(hostile)) {
    for (const bytes of [saved(root), root]) {
      const error = await refused(bytes);
      assert.is(error.code, "WEIGHTS_REFUSED", named);
      assert.match(error.message, named === "a class" ? "collections.OrderedDict" : named);
    }
  }
});

test("a small file that would be large in memory is refused before anything is allocated", async () => {
  const four = { "w/data/0": Buffer.alloc(16) };
  const large = Buffer.alloc(40_000);
  const dict = (...items: Buffer[]) => pickle("}(", ...items, "u");
  const bombs: Readonly<Record<string, Buffer>> = {
    "a view of one number, stretched": saved(dict(text("a"), tensor("0", 4, [2_000_000_000], [0])), four),
    "a storage that is not there": saved(dict(text("a"), tensor("0", 2_000_000_000, [2_000_000_000])), four),
    "a view beyond its storage": saved(dict(text("a"), tensor("0", 4, [2, 2], [3, 1])), four),
    "many views": saved(dict(...["a", "b"].flatMap((name, at) => [text(name), tensor("0", 4, [4 - at, 1])])), four),
    "a text longer than the file": saved(pickle("X", Buffer.from("ffffff7f", "hex"))),
    "dictionaries of themselves": saved(pickle("}q", 0, text("a"), "h", 0, "s")),
    "endless dictionaries": saved(pickle("}".repeat(3_000_000))),
    "many names for the same bytes": archive({
      "w/data.pkl": dict(...["0", "1"].flatMap((key) => [text(key), tensor(key, 10_000, [10_000])])),
      ...{ "w/data/0": large, "w/data/1": large },
    }),
    "storages of one key": legacyFile(dict(text("a"), tensor("0", 4, [4]), text("b"), tensor("0", 3, [3])), {
      0: four["w/data/0"],
    }),
    "a name longer than any": saved(dict(text("n".repeat(2_000)), tensor("0", 4, [4])), four),
    "dictionaries without tensors": saved(
      pickle(
        ...["}q", 0],
        ...Array.from({ length: 7 }, (_, at) => [
          "}",
          ...Array.from({ length: 300 }, (_, each) => [whole(each), "h", at, "s"]).flat(),
          "q",
          at + 1,
        ]).flat(),
      ),
    ),
    "one list for many dictionaries": saved(
      pickle(
        ...["ccollections\nOrderedDict\nq", 0, "]("],
        ...Array.from({ length: 9_000 }, (_, at) => [whole(at), "N", 0x86]).flat(),
        ...["e", 0x85, "q", 1],
        ...Array.from({ length: 9_000 }, () => ["h", 0, "h", 1, "R"]).flat(),
      ),
    ),
    // Each of seven dictionaries names the one before it nine times: five million tensors.
    doubling: saved(
      pickle(
        ...["}", text("t"), tensor("0", 4, [4]), "sq", 0],
        ...Array.from({ length: 7 }, (_, at) => [
          "}",
          ...Array.from({ length: 9 }, (_, each) => [text(`${each}`), "h", at, "s"]).flat(),
          "q",
          at + 1,
        ]).flat(),
      ),
      four,
    ),
  };
  for (const [what, bytes] of Object.entries(bombs)) {
    const before = process.memoryUsage().rss;
    assert.is((await refused(bytes)).code, "WEIGHTS_UNREADABLE", what);
    assert.ok(process.memoryUsage().rss - before < 1_000_000_000, what);
  }
});

test("a file cut off, damaged, compressed or of something else is refused with its path", async () => {
  for (const name of ["archive", "legacy"]) {
    const bytes = await readFile(fixture(name));
    for (let length = 0; length < bytes.length; length += 61) {
      const error = await refused(bytes.subarray(0, length));
      assert.is(error.code, "WEIGHTS_UNREADABLE", `${name}, ${length} bytes`);
      assert.is(error.at, join(dir, "w.pth"));
    }
  }
  const whole = torchFile(new Map([["a", { shape: [2], data: Float32Array.of(1, 2) }]]));
  const at = whole.indexOf(Buffer.from(Float32Array.of(1, 2).buffer));
  whole[at] = 77;
  assert.match((await refused(whole)).message, "checksum");
  assert.match((await refused(archive({ "w/data.pkl": pickle("}") }, 8))).message, "compressed");
  assert.match((await refused(archive({ "readme.txt": Buffer.from("no") }))).message, "data.pkl");
  assert.match((await refused(saved(pickle("}"), { "w/byteorder": Buffer.from("big") }))).message, "big-endian");
  assert.match((await refused(saved(pickle("}")))).message, "no tensor");
  assert.is((await refused(Buffer.from("ustar, as PyTorch 0.1 wrote it"))).code, "WEIGHTS_UNREADABLE");
});

test("a teacher from .pth is the one from .safetensors, also as several GPUs left it", async () => {
  const path = await writeSmallTeacher(dir);
  const { weights } = await loadTeacher(path, "resnet18");
  const again = await loadTeacher(await written(torchFile(weights), "teacher.pth"), "resnet18");
  assert.equal(again.weights, weights);
  const distributed = new Map([...weights].map(([name, each]) => [`module.${name}`, each]));
  assert.equal((await loadTeacher(await written(torchFile(distributed), "d.pt"), "resnet18")).weights, weights);
});

/** A student as RD4AD's checkpoints have it, with what they carry beside it. */
function checkpoint(): Map<string, Weights extends ReadonlyMap<string, infer Tensor> ? Tensor : never> {
  const student = initialWeights(studentParameters(resnet("resnet18", 8)), createRandom(5));
  const stray = { shape: [2], data: Float32Array.of(1, 2) };
  const names = ["bn.memory", "bn.memory.keys", "bn.conv4.weight", "bn.bn4.running_var", "bn.bn4.num_batches_tracked"];
  return new Map([...student, ...names.map((name) => [name, stray] as const)]);
}

test("export makes the same bundle of an RD4AD checkpoint as of its tensors, memory and idle layers left out", async () => {
  const teacher = await writeSmallTeacher(dir);
  const student = await written(torchFile(checkpoint(), { nested: true }), "rd4ad.pth");
  const plain = await written(encodeSafetensors(checkpoint()), "student.safetensors");
  const common = { arch: "resnet18", teacher, size: 64 };
  const one = await exportBundle({ ...common, student, out: join(dir, "of-pth") });
  const other = await exportBundle({ ...common, student: plain, out: join(dir, "of-safetensors") });
  assert.is(one.manifest.sha256, other.manifest.sha256);
});

test("in an RD4AD checkpoint every other tensor counts: one missing, extra or misshapen is named", async () => {
  const teacher = await writeSmallTeacher(dir);
  const exported = async (change: (tensors: ReturnType<typeof checkpoint>) => void) => {
    const tensors = checkpoint();
    change(tensors);
    const student = await written(torchFile(tensors, { nested: true }), "changed.pth");
    const error = await refusal(exportBundle({ arch: "resnet18", teacher, student, out: join(dir, "no"), size: 64 }));
    assert.is(error.code, "WEIGHTS_MISMATCH");
    assert.is(error.at, student);
    return error.message;
  };
  const one = { shape: [1], data: Float32Array.of(1) };
  assert.match(
    await exported((all) => all.delete("decoder.layer2.0.bn1.bias")),
    "decoder.layer2.0.bn1.bias [16] is missing",
  );
  assert.match(await exported((all) => all.set("decoder.memory.weight", one)), "decoder.memory.weight is not part");
  assert.match(await exported((all) => all.set("bn.conv5.weight", one)), "bn.conv5.weight is not part");
  assert.match(await exported((all) => all.set("bn.bn1.bias", one)), "bn.bn1.bias is [1]");
});

test("safetensors of bfloat16 and float64 come as float32", async () => {
  const header = {
    a: { dtype: "BF16", shape: [2], data_offsets: [0, 4] },
    b: { dtype: "F64", shape: [1], data_offsets: [4, 12] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(json.length));
  const body = Buffer.concat([Buffer.from("803f20c0", "hex"), Buffer.from(Float64Array.of(0.1).buffer)]);
  const weights = await readSafetensors(await written(Buffer.concat([head, json, body]), "b.safetensors"));
  assert.equal(weights.get("a"), { shape: [2], data: Float32Array.of(1, -2.5) });
  assert.equal(weights.get("b"), { shape: [1], data: Float32Array.of(0.1) });
});

test.run();
