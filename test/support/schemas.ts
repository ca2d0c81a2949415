import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { packageRoot } from "../../config/package-root.js";

export const schemaFolder = join(packageRoot(), "agent/mqtt/schemas");

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false });
for (const file of readdirSync(schemaFolder).filter((name) => name.endsWith(".json"))) {
  ajv.addSchema(JSON.parse(readFileSync(join(schemaFolder, file), "utf8")) as object, file);
}

/** What a payload has against the shipped schema of that name; empty when nothing. */
export function schemaFaults(name: string, payload: unknown): readonly string[] {
  const validate = ajv.getSchema(`${name}.json`);
  if (validate === undefined) return [`there is no schema ${name}`];
  if (validate(payload) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
