import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { trivialModel } from "../../../agent/bench/trivial-model.js";
import { CodedError } from "../../../errors.js";
import { readBundle } from "../../../models/bundle/bundle.js";
import { resnet } from "../../../models/network/backbones/resnet.js";
import { studentParameters, teacherParameters } from "../../../models/network/parameters.js";
import { inferenceGraph } from "../../../models/network/rd.js";
import { readModel } from "../../../models/onnx/checked-model.js";
import { encodeModel } from "../../../models/onnx/encode.js";
import { openSession, Tensor } from "../../../models/onnx/session.js";
import { createRandom } from "../../../models/random.js";
import { initialWeights } from "../../../models/training/initial.js";
import { temporaryFolder } from "../../support/config.js";
import { damaged } from "../damage.js";
import { type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";
import { edit, parsed, written } from "./model-edits.js";
import { number } from "./model-parts.js";

interface Bundle {
  readonly onnx: Buffer;
  /** model.json; null: the one that fits. */
  readonly manifest: Buffer | null;
}

const size = { width: 16, height: 16 };
const side = { width: 32, height: 32 };

const trivial = Buffer.from(trivialModel({ ...size, threshold: 0.5 }));
/** The network itself, as narrow as it goes. */
function network(): Buffer {
  const backbone = resnet("resnet18", 1);
  const random = createRandom(1);
  const teacher = initialWeights(teacherParameters(backbone), random);
  const student = initialWeights(studentParameters(backbone), random);
  return Buffer.from(encodeModel(inferenceGraph(backbone, { teacher, student }, side)));
}
const whole = network();

const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
const edited = fc.tuple(fc.constantFrom(trivial, trivial, whole), edits).map(([original, each]) => {
  const model = parsed(original);
  for (const one of each) one(model);
  return written(model);
});
const fitting = {
  name: "m",
  version: "1",
  arch: "none",
  threshold: 1,
  calibration: null,
  training: null,
  created: "2025-01-01T00:00:00Z",
};
const anyManifest = fc.oneof(
  damaged([Buffer.from(JSON.stringify({ ...fitting, input: size, sha256: sha256(trivial) }))]),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record({
      input: fc.oneof(fc.record({ width: number, height: number }), fc.jsonValue()),
      threshold: fc.oneof(number, fc.constant("1"), fc.constant(null)),
      sha256: fc.constantFrom(sha256(trivial), "0".repeat(64), ""),
    })
    .map((changed) => Buffer.from(JSON.stringify({ ...fitting, ...changed }))),
);

const inputs: fc.Arbitrary<Bundle> = fc.oneof(
  { weight: 16, arbitrary: edited.map((onnx) => ({ onnx, manifest: null })) },
  { weight: 3, arbitrary: damaged([trivial], 3).map((onnx) => ({ onnx, manifest: null })) },
  { weight: 1, arbitrary: damaged([whole], 3).map((onnx) => ({ onnx, manifest: null })) },
  { weight: 2, arbitrary: anyManifest.map((manifest) => ({ onnx: trivial, manifest })) },
);

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function open(): Promise<Subject<Bundle>> {
  const dir = join(temporaryFolder(), "bundle");
  mkdirSync(dir);
  return {
    async tryOne({ onnx, manifest }) {
      writeFileSync(join(dir, "model.onnx"), onnx);
      const input = onnx.length > whole.length / 2 ? side : size;
      writeFileSync(join(dir, "model.json"), manifest ?? JSON.stringify({ ...fitting, input, sha256: sha256(onnx) }));
      try {
        const bundle = await readBundle(dir);
        return await judged(await readModel(bundle.modelPath, bundle.manifest), bundle.manifest.input);
      } catch (error) {
        if (error instanceof CodedError) return requireCode(error.code);
        throw error;
      }
    },
    close: async () => undefined,
  };
}

/** As the inference thread does it: what ONNX Runtime has to say becomes one of the engine's codes. */
async function judged(model: Uint8Array, { width, height }: { width: number; height: number }): Promise<string> {
  let session: Awaited<ReturnType<typeof openSession>>;
  try {
    session = await openSession(model, { threads: 1 });
  } catch {
    return "ENGINE_OPEN_FAILED";
  }
  try {
    const image = new Tensor("uint8", new Uint8Array(width * height * 3).fill(9), [1, height, width, 3]);
    const score = new Tensor("float32", new Float32Array(1), [1]);
    const map = new Tensor("float32", new Float32Array(width * height), [1, height, width]);
    await session.run({ image }, { score, map });
    return TAKEN;
  } catch {
    return "INFERENCE_FAILED";
  } finally {
    await session.close();
  }
}

export const models: FuzzKind<Bundle> = { name: "models", inputs, limitMs: 5_000, open };
