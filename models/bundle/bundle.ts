import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile, replaceFiles } from "../../replace-file.js";
import { networkCost } from "../onnx/cost.js";
import { sha256OfFile } from "../sha256.js";
import { isManifest, type Manifest } from "./manifest.js";

export type {
  ImportRecord,
  Manifest,
  MemoryRecord,
  ModelPrecision,
  PrecisionLoss,
  PrecisionRecord,
  TrainingRecord,
} from "./manifest.js";

/** A bundle on disk, its manifest read and its model's hash checked. */
export interface Bundle {
  readonly dir: string;
  readonly modelPath: string;
  readonly manifest: Manifest;
}

/**
 * Reads and checks a bundle directory (the graph's own shapes are checked where it is loaded).
 * @throws CodedError BUNDLE_UNREADABLE, BUNDLE_INVALID or BUNDLE_HASH_MISMATCH
 */
export async function readBundle(dir: string): Promise<Bundle> {
  const bundle = await readManifest(dir);
  const { modelPath, manifest } = bundle;
  const actual = await readable(dir, sha256OfFile(modelPath));
  if (actual !== manifest.sha256) {
    throw new CodedError(
      "BUNDLE_HASH_MISMATCH",
      `model.onnx has sha256 ${actual}, model.json says ${manifest.sha256}`,
      { at: modelPath },
    );
  }
  return bundle;
}

/**
 * Reads a bundle whose model is not looked at: for those who check the very bytes that they run.
 * @throws CodedError BUNDLE_UNREADABLE or BUNDLE_INVALID
 */
export async function readManifest(dir: string): Promise<Bundle> {
  const manifestPath = join(dir, "model.json");
  const modelPath = join(dir, "model.onnx");
  const parsed = await readable(
    dir,
    readFile(manifestPath, "utf8").then((text): unknown => JSON.parse(text)),
  );
  if (!isManifest(parsed)) {
    const problems = (isManifest.errors ?? []).map((each) => `${each.instancePath || "/"} ${each.message ?? ""}`);
    throw new CodedError("BUNDLE_INVALID", `model.json is not a bundle's: ${problems.join("; ")}`, {
      at: manifestPath,
      remedy: "Write the bundle again with `retort train` or `retort export`.",
    });
  }
  return { dir, modelPath, manifest: parsed };
}

/** @throws CodedError BUNDLE_UNREADABLE */
function readable<T>(dir: string, read: Promise<T>): Promise<T> {
  return read.catch((error: unknown) => {
    const message = `cannot read the model bundle: ${messageOf(error)}`;
    throw new CodedError("BUNDLE_UNREADABLE", message, { at: dir, cause: error });
  });
}

/**
 * Writes a bundle, over an older one if there is one, and counts what its model costs. It is on disk when the promise is fulfilled, so that what it was made from may be
 * deleted. A crash between its two files leaves a hash in model.json that does not match, which {@link readBundle} refuses.
 * @throws CodedError BUNDLE_UNWRITABLE
 */
export async function writeBundle(
  dir: string,
  onnx: Uint8Array,
  manifest: Omit<Manifest, "sha256" | "cost">,
): Promise<Bundle> {
  const sha256 = createHash("sha256").update(onnx).digest("hex");
  // What was trained for hours is written, also where the machine has no memory left to run it.
  const cost = await networkCost(onnx, manifest.input).catch(() => null);
  const complete: Manifest = { ...manifest, ...(cost === null ? {} : { cost }), sha256 };
  try {
    await makeFolder(dir);
    await replaceFiles([
      { path: join(dir, "model.onnx"), bytes: onnx },
      { path: join(dir, "model.json"), bytes: textOf(complete) },
    ]);
  } catch (error) {
    throw new CodedError("BUNDLE_UNWRITABLE", `cannot write the model bundle: ${messageOf(error)}`, {
      at: dir,
      remedy:
        "Free disk space or choose another --out; a finished training resumes with --resume and only writes again.",
      cause: error,
    });
  }
  return { dir, modelPath: join(dir, "model.onnx"), manifest: complete };
}

/**
 * Changes what model.json says beside the model, whole or not at all.
 * @throws CodedError of readBundle, BUNDLE_UNWRITABLE
 */
export async function amendBundle(dir: string, changes: Partial<Omit<Manifest, "sha256">>): Promise<Bundle> {
  const bundle = await readBundle(dir);
  const { sha256, created, ...rest } = bundle.manifest;
  const manifest: Manifest = { ...rest, ...changes, created, sha256 };
  const path = join(dir, "model.json");
  try {
    await replaceFile(path, textOf(manifest));
  } catch (error) {
    throw new CodedError("BUNDLE_UNWRITABLE", `cannot write the model bundle: ${messageOf(error)}`, {
      at: path,
      remedy: "Free disk space, or correct the folder's permissions.",
      cause: error,
    });
  }
  return { ...bundle, manifest };
}

const textOf = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;
