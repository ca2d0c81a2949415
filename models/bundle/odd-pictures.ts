/** The oddest of the good pictures that a model was trained on, kept small beside it: for people, who see what no figure says. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import { replaceFile } from "../../replace-file.js";
import { encodeJpeg, type Size } from "../pictures/images.js";

/** `odd-pictures.json` of a bundle. A bundle is whole without it. */
export interface OddPictures {
  readonly v: 1;
  /** Of the model.onnx that was trained on them: beside another one they are another model's. */
  readonly sha256: string;
  /** Good pictures in all. */
  readonly images: number;
  /** The oddest first. */
  readonly pictures: readonly OddThumbnail[];
}

export interface OddThumbnail {
  /** Its path below the folder of good pictures. */
  readonly name: string;
  readonly reason: string;
  /** Whether it looks wrong, and did not set the threshold; else it is among the oddest of the others. */
  readonly suspicious: boolean;
  /** Base64. */
  readonly jpeg: string;
}

/** A picture that may become a thumbnail. */
export interface OddCandidate extends Omit<OddThumbnail, "jpeg"> {
  /** uint8 [height, width, 3] */
  readonly pixels: Uint8Array;
}

/** What it needs to know of a bundle. */
interface Written {
  readonly dir: string;
  readonly manifest: { readonly sha256: string };
}

const FILE = "odd-pictures.json";
const MOST = 12;
/** Of the longer side. */
const SIDE_PX = 160;
const MOST_CHARACTERS = 300;
const MOST_BYTES = 1_048_576;

const TEXT = { type: "string", maxLength: MOST_CHARACTERS } as const;
const ODD_PICTURES = {
  type: "object",
  required: ["v", "sha256", "images", "pictures"],
  properties: {
    v: { const: 1 },
    sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
    images: { type: "integer", minimum: 0 },
    pictures: {
      type: "array",
      maxItems: MOST,
      items: {
        type: "object",
        required: ["name", "reason", "suspicious", "jpeg"],
        properties: {
          name: TEXT,
          reason: TEXT,
          suspicious: { type: "boolean" },
          jpeg: { type: "string", pattern: "^[A-Za-z0-9+/]+={0,2}$" },
        },
      },
    },
  },
};

let isOfForm: ValidateFunction<OddPictures> | undefined;

/**
 * Writes the first of the candidates beside a bundle's model.
 * @param candidates the oddest first, pictures of `size` @param images good pictures in all
 * @throws CodedError BUNDLE_UNWRITABLE
 */
export async function writeOddPictures(
  { dir, manifest: { sha256 } }: Written,
  candidates: readonly OddCandidate[],
  { size, images }: { readonly size: Size; readonly images: number },
): Promise<void> {
  const width = Math.max(1, Math.round(size.width * Math.min(1, SIDE_PX / Math.max(size.width, size.height))));
  const pictures = candidates
    .slice(0, MOST)
    .map(async ({ name, reason, suspicious, pixels }): Promise<OddThumbnail> => {
      const jpeg = await encodeJpeg(pixels, size, 80, width);
      const short = { name: name.slice(0, MOST_CHARACTERS), reason: reason.slice(0, MOST_CHARACTERS) };
      return { ...short, suspicious, jpeg: jpeg.toString("base64") };
    });
  const file: OddPictures = { v: 1, sha256, images, pictures: await Promise.all(pictures) };
  const path = join(dir, FILE);
  await replaceFile(path, `${JSON.stringify(file)}\n`).catch((error: unknown) => {
    throw new CodedError("BUNDLE_UNWRITABLE", `cannot write ${FILE}: ${messageOf(error)}`, { at: dir, cause: error });
  });
}

/**
 * What is kept beside the model of this hash; null where nothing is, or another model's.
 * @throws CodedError BUNDLE_ODD_PICTURES
 */
export async function readOddPictures(dir: string, sha256: string): Promise<OddPictures | null> {
  const path = join(dir, FILE);
  const refused = (reason: string, cause?: unknown): CodedError =>
    new CodedError("BUNDLE_ODD_PICTURES", `${FILE} cannot be read: ${reason}`, { at: path, cause });
  let parsed: unknown;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, the limit is ${MOST_BYTES}`);
    parsed = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw refused(messageOf(error), error);
  }
  // Compiled when there is a file: an agent without one does not wait for it at its start.
  isOfForm ??= new Ajv({ strict: true }).compile<OddPictures>(ODD_PICTURES);
  if (!isOfForm(parsed)) {
    const problems = (isOfForm.errors ?? []).map((each) => `${each.instancePath || "/"} ${each.message ?? ""}`);
    throw refused(problems.join("; "));
  }
  return parsed.sha256 === sha256 ? parsed : null;
}
