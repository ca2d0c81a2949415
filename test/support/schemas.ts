import { join } from "node:path";
import { openValidator } from "../../agent/mqtt/validator.js";
import { packageRoot } from "../../config/package-root.js";

export const schemaFolder = join(packageRoot(), "agent/mqtt/schemas");

const validate = openValidator(schemaFolder);

/** What a payload has against the shipped schema of that name; empty when nothing. */
export function schemaFaults(name: string, payload: unknown): readonly string[] {
  return validate(name, payload) ?? [`there is no schema ${name}`];
}
