import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { packageRoot } from "../../config/package-root.js";
import { explain } from "./explain.js";

/** What is wrong with a payload by the schema of that name, a sentence a place; empty when nothing, undefined without such a schema. */
export type Validator = (schema: string, payload: unknown) => readonly string[] | undefined;

const opened = new Map<string, Validator>();

/** Checks payloads against the schemas that ship with the agent. Reads them once in a process, and compiles each when it is first wanted. */
export function openValidator(folder = join(packageRoot(), "agent/contract/schemas")): Validator {
  const known = opened.get(folder) ?? validatorOf(folder);
  opened.set(folder, known);
  return known;
}

function validatorOf(folder: string): Validator {
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
