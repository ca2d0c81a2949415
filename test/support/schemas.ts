import { join } from "node:path";
import { openValidator } from "../../agent/contract/validator.js";
import { packageRoot } from "../../config/package-root.js";

export const schemaFolder = join(packageRoot(), "agent/contract/schemas");

const validate = openValidator(schemaFolder);

/** What a payload has against the shipped schema of that name; empty when nothing. */
export function schemaFaults(name: string, payload: unknown): readonly string[] {
  return validate(name, payload) ?? [`there is no schema ${name}`];
}
