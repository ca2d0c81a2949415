import type { ErrorObject } from "ajv/dist/2020.js";

type Schema = Readonly<Record<string, unknown>>;

/** Keywords whose schema can be put into words. */
const DESCRIBED: ReadonlySet<string> = new Set(
  ["type", "const", "enum", "anyOf", "oneOf", "minLength", "maxLength", "pattern"].concat([
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
  ]),
);

/** What an offending value is shown as, at most. */
const MOST_SHOWN = 60;

/**
 * The faults of a payload as sentences for a person, one for each place: where, what stands there, what may stand there.
 * @param errors of an Ajv that is `verbose`; an alternative that does not fit is one fault, whatever is wrong inside of it
 */
export function explain(errors: readonly ErrorObject[]): readonly string[] {
  const outermost = errors.filter(
    ({ schemaPath }) => !errors.some((other) => schemaPath.startsWith(`${other.schemaPath}/`)),
  );
  const byPlace = new Map(outermost.map((error) => [placeOf(error), error] as const));
  return [...byPlace.values()].map(sentenceOf);
}

/** A place has one sentence; at an object each missing or unknown name is a place of its own. */
function placeOf({ instancePath, params }: ErrorObject): string {
  return `${instancePath}/${params.missingProperty ?? params.additionalProperty ?? ""}`;
}

function sentenceOf(error: ErrorObject): string {
  const { instancePath, keyword, params, data } = error;
  const schema = (error.parentSchema ?? {}) as Schema;
  const where = instancePath.slice(1).replaceAll("/", ".");
  const named = (name: unknown): string => JSON.stringify(where === "" ? name : `${where}.${name}`);
  const known = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
  if (keyword === "required") {
    const wanted = known[params.missingProperty] ?? {};
    return `${named(params.missingProperty)} is missing: ${wanted.description ?? allowed(wanted)}`;
  }
  if (keyword === "additionalProperties") {
    return `${named(params.additionalProperty)} is not known here; known are ${list(Object.keys(known), "and")}`;
  }
  if (keyword === "oneOf" && where === "") return `give exactly one of ${list(alternatives(schema.oneOf), "or")}`;
  const what = where === "" ? "the payload" : JSON.stringify(where);
  if (!DESCRIBED.has(keyword)) return `${what} ${error.message ?? "is not as its schema says"}`;
  const may = allowed(schema);
  const quoted = typeof data === "string" && wouldFit(data, may);
  return `${what} is ${shown(data)} and must be ${may}${quoted ? ": send it without quotation marks" : ""}`;
}

/** Whether a text looks like the number, or the yes or no, that is wanted. */
function wouldFit(text: string, may: string): boolean {
  if (/\bnumber\b/.test(may) && text.trim() !== "") return Number.isFinite(Number(text));
  return /\btrue\b/.test(may) && /^(true|false)$/.test(text);
}

/** The names that the alternatives of an object require. */
function alternatives(oneOf: unknown): readonly string[] {
  return ((oneOf ?? []) as readonly { readonly required?: readonly string[] }[]).flatMap(
    ({ required = [] }) => required,
  );
}

/** What a schema takes, in words. */
function allowed(schema: Schema): string {
  const options = (schema.anyOf ?? schema.oneOf) as readonly Schema[] | undefined;
  if (options !== undefined) return words(options.map(allowed), "or");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return list(schema.enum, "or");
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type].filter(Boolean);
  return types.length === 0
    ? String(schema.description ?? "as its schema says")
    : words(types.map(typed(schema)), "or");
}

function typed(schema: Schema): (type: unknown) => string {
  return (type) => {
    const limits = LIMITS.flatMap(([key, word]) => (schema[key] === undefined ? [] : [`${word} ${schema[key]}`]));
    switch (type) {
      case "number":
        return ["a number", ...limits].join(" ");
      case "integer":
        return ["a whole number", ...limits].join(" ");
      case "string":
        if (schema.pattern !== undefined) return `a text: ${schema.description ?? schema.pattern}`;
        return `a text${schema.maxLength === undefined ? "" : ` of ${schema.minLength ?? 0} to ${schema.maxLength} characters`}`;
      case "boolean":
        return "true or false";
      case "null":
        return "null";
      default:
        return `an ${type}`;
    }
  };
}

const LIMITS = [
  ["minimum", "from"],
  ["exclusiveMinimum", "above"],
  ["maximum", "to"],
  ["exclusiveMaximum", "below"],
] as const;

function list(values: readonly unknown[], last: "and" | "or"): string {
  return words(
    values.map((value) => JSON.stringify(value)),
    last,
  );
}

function words(parts: readonly string[], last: "and" | "or"): string {
  const unique = [...new Set(parts)];
  return unique.length < 2 ? unique.join("") : `${unique.slice(0, -1).join(", ")} ${last} ${unique.at(-1)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
