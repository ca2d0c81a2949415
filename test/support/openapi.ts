import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { packageRoot } from "../../config/package-root.js";

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: object }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const folder = join(packageRoot(), "agent/http");
// The schemas of MQTT's payloads name themselves without a folder.
const text = readFileSync(join(folder, "openapi.yaml"), "utf8").replaceAll("../contract/schemas/", "");

/** OpenAPI 3.1's schemas are JSON Schema 2020-12. */
export const openApi = parse(text) as OpenApi;

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false });
const schemas = join(packageRoot(), "agent/contract/schemas");
for (const file of readdirSync(schemas).filter((name) => name.endsWith(".json"))) {
  ajv.addSchema(JSON.parse(readFileSync(join(schemas, file), "utf8")) as object, file);
}
ajv.addVocabulary(["openapi", "info", "servers", "security", "paths", "components"]);
ajv.addSchema(openApi, "openapi.json");

/** What an answer has against the schema of that name; empty when nothing. */
export function answerFaults(name: string, answer: unknown): readonly string[] {
  const validate = ajv.getSchema(`openapi.json#/components/schemas/${name}`);
  if (validate === undefined) return [`there is no schema ${name}`];
  if (validate(answer) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
