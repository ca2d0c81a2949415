import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { packageRoot } from "../../config/package-root.js";
import { explain } from "./explain.js";

/** What is wrong with a payload by the schema of that name, a sentence a place; empty when nothing, undefined without such a schema. */
export type Validator = (schema: string, payload: unknown) => readonly string[] | undefined;

/** Checks payloads against the schemas that ship with the agent. Reads and compiles them once. */
export function openValidator(folder = join(packageRoot(), "agent/contract/schemas")): Validator {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    verbose: true,
    allowUnionTypes: true,
    strictRequired: false,
  });
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    ajv.addSchema(JSON.parse(readFileSync(join(folder, file), "utf8")) as object, file);
  }
  return (schema, payload) => {
    const validate = ajv.getSchema(`${schema}.json`);
    if (validate === undefined) return undefined;
    if (validate(payload) === true) return [];
    return explain(validate.errors ?? []);
  };
}
