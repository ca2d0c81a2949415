import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { errnoOf } from "../../errors.js";
import { replaceFile } from "../../replace-file.js";
import type { Platform } from "./discovery.js";

/** What the broker retains for Home Assistant: by topic in full, of a device's its entities. */
export type Published = Readonly<Record<string, Readonly<Record<string, Platform>>>>;

const FILE = "home-assistant.json";

interface PublishedFile {
  readonly v: 1;
  readonly published: Published;
}

const PUBLISHED_FILE = {
  type: "object",
  required: ["v", "published"],
  properties: {
    v: { const: 1 },
    published: {
      type: "object",
      additionalProperties: { type: "object", additionalProperties: { type: "string", pattern: "^[a-z_]{1,40}$" } },
      propertyNames: { minLength: 1, maxLength: 2_000, pattern: "^[^+#\\u0000]*$" },
    },
  },
};

let isOfForm: ValidateFunction<PublishedFile> | undefined;

/** Compiled when there is a file: a start without one does not wait for it. */
function isFile(file: unknown): file is PublishedFile {
  isOfForm ??= new Ajv().compile<PublishedFile>(PUBLISHED_FILE);
  return isOfForm(file);
}

/**
 * What earlier runs published, empty where none did: so that what is gone from the configuration can be taken back.
 * @throws what the file system does; SyntaxError and TypeError where the file is damaged
 */
export async function readPublished(statePath: string): Promise<Published> {
  let text: string;
  try {
    text = await readFile(join(statePath, FILE), "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return {};
    throw error;
  }
  const file: unknown = JSON.parse(text);
  if (!isFile(file)) throw new TypeError("it is not of this form");
  return file.published;
}

/** @throws what the file system does */
export function keepPublished(statePath: string, published: Published): Promise<void> {
  const text = `${JSON.stringify({ v: 1, published }, null, 2)}\n`;
  return replaceFile(join(statePath, FILE), text, { mode: 0o600 });
}
