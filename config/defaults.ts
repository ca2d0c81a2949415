import { conforms, type Section, type ValueOf } from "./declare.js";
import { validate } from "./validate.js";

/**
 * A section as it is where none of its keys is given; for those who build a configuration themselves.
 * @throws Error where a key has to be given
 */
export function defaultsOf<Declared extends Section>(declared: Declared): ValueOf<Declared> {
  const { value, problems } = validate(declared, {}, "localhost");
  if (problems.length === 0 && conforms(declared, value)) return value;
  throw new Error(`has no defaults: ${problems.map(({ path }) => path).join(", ")}`);
}
