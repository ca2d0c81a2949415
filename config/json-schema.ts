import { type Leaf, type Node, type Section, section } from "./declare.js";
import type { JsonSchema } from "./formats.js";
import { versionSetting } from "./migrations.js";
import { schema } from "./schema.js";

/** A configuration file: the schema's keys, and the version that stands in the file alone. */
export const fileSchema = section(schema.doc, { version: versionSetting, ...schema.keys });

/**
 * The configuration file as JSON Schema, in the draft that editors know best: to complete and check while somebody types. What no
 * single value shows (a model that is not defined) is left to `retort check`.
 */
export function jsonSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Retort's configuration",
    ...schemaOf(fileSchema),
  };
}

function schemaOf(node: Node): JsonSchema {
  switch (node.kind) {
    case "leaf":
      return leafSchema(node);
    case "section":
      return sectionSchema(node);
    case "names":
      return { type: "object", description: node.doc, additionalProperties: sectionSchema(node.each) };
    case "list":
      return { type: "array", description: node.doc, items: sectionSchema(node.each), minItems: 1 };
    case "variants": {
      const kinds = Object.entries(node.kinds).map(([type, kind]) => sectionSchema(kind, type));
      return { description: node.doc, oneOf: kinds };
    }
  }
}

/** @param type of a kind of source, where it is one */
function sectionSchema({ doc, keys }: Section, type?: string): JsonSchema {
  const properties = Object.entries(keys).map(([key, node]) => [key, schemaOf(node)]);
  const required = Object.entries(keys).flatMap(([key, node]) => (isRequired(node) ? [key] : []));
  return {
    type: "object",
    description: doc,
    properties: { ...(type === undefined ? {} : { type: { const: type } }), ...Object.fromEntries(properties) },
    required: [...(type === undefined ? [] : ["type"]), ...required],
    additionalProperties: false,
  };
}

function isRequired(node: Node): boolean {
  return node.kind === "leaf" ? node.required : node.kind !== "section";
}

function leafSchema({ doc, format, nullable, default: value, example }: Leaf): JsonSchema {
  const json = nullable ? { anyOf: [format.json, { type: "null" }] } : format.json;
  return {
    description: doc,
    ...json,
    ...(value === null || typeof value === "function" ? {} : { default: value }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}
