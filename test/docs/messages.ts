/** docs/messages.md: every payload on MQTT, field by field, made from the JSON Schemas that the agent checks them by. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";

interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const OUT = ["status", "health", "state", "summary", "score", "alert", "verdict", "context-ack", "reply"];
const IN = ["context"];
const COMMANDS = [
  ...["acknowledge", "calibrate", "disable", "enable", "feedback", "inspect"],
  ...["restart-camera", "shelve", "snapshot", "status", "threshold"],
].map((command) => `command-${command}`);

export function messagesPage(): string {
  return `# Messages

Every payload on MQTT, field by field. \`T\` is \`<prefix>/<agent id>\`; [mqtt.md](mqtt.md) says what the topics are for, and how to listen so that nothing is missed.
More fields may be added within \`v: 1\`: a subscriber passes over those that it does not know.

This page is made from [agent/contract/schemas](../agent/contract/schemas) by \`npm run docs\`; an AsyncAPI document lies there, too.

## What the agent says

${OUT.map(section).join("\n\n")}

## What the agent is told

${IN.map(section).join("\n\n")}

## Commands

${COMMANDS.map(section).join("\n\n")}
`;
}

function section(name: string): string {
  const schema = read(`${name}.json`);
  const rows = rowsOf(schema, "");
  const table = rows.length === 0 ? [] : ["", "| field | is | |", "| --- | --- | --- |", ...rows];
  return [`### \`${schema.title ?? name}\``, "", `${schema.description ?? ""}.`, ...table]
    .join("\n")
    .replace("..", ".");
}

/** A row for each field, those of objects and lists within it below. */
function rowsOf(schema: Schema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, declared]) => {
    const { field, path } = unwrapped(declared, `${prefix}${key}`);
    const isNeeded = schema.required?.includes(key) === true;
    const text = [isNeeded ? "" : "may be missing", field.description ?? declared.description ?? ""]
      .filter((each) => each !== "")
      .join("; ");
    return [`| \`${path}\` | ${kindOf(declared)} | ${cell(text)} |`, ...rowsOf(field, `${path}.`)];
  });
}

/** What is repeated or keyed by names, as the one thing that it repeats. */
function unwrapped(schema: Schema, path: string): { readonly field: Schema; readonly path: string } {
  const choice = (schema.anyOf ?? schema.oneOf)?.find(({ type }) => type !== "null");
  if (choice !== undefined) return unwrapped({ ...choice, ...own(schema) }, path);
  if (schema.items !== undefined) return unwrapped({ ...schema.items, ...own(schema) }, `${path}[]`);
  const { additionalProperties: each } = schema;
  if (typeof each === "object") return unwrapped({ ...each, ...own(schema) }, `${path}.<name>`);
  return { field: schema, path };
}

function own({ description }: Schema): Schema {
  return description === undefined ? {} : { description };
}

function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(kindOf).join(" or ");
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return "anything";
  return types.map((type) => wordOf(type, schema)).join(" or ");
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "`true` or `false`",
  object: "an object",
  null: "`null`",
};

function wordOf(type: string, schema: Schema): string {
  if (type === "array")
    return `a list of ${schema.items === undefined ? "anything" : kindOf(schema.items).replace("an object", "objects")}`;
  const { minimum, exclusiveMinimum, maximum, maxLength } = schema;
  const isNumber = type === "integer" || type === "number";
  const bounds = [
    ...(isNumber && minimum !== undefined ? [`from ${minimum}`] : []),
    ...(isNumber && exclusiveMinimum !== undefined ? [`above ${exclusiveMinimum}`] : []),
    ...(isNumber && maximum !== undefined ? [`to ${maximum}`] : []),
    ...(type === "string" && maxLength !== undefined ? [`of at most ${maxLength} characters`] : []),
  ];
  return [WORDS[type] ?? type, ...bounds].join(" ");
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A schema file with what it refers to in its place. */
function read(file: string): Schema {
  const whole: Schema = JSON.parse(readFileSync(join(packageRoot(), "agent/contract/schemas", file), "utf8"));
  return JSON.parse(JSON.stringify(whole), (_key, value: Schema | null) => {
    const [of, name] = value?.$ref?.split("#/$defs/") ?? [];
    if (of === undefined || value === null) return value;
    const { $ref, ...rest } = value;
    const from = of === "" ? whole : read(of);
    const found = name === undefined ? from : from.$defs?.[name];
    if (found === undefined) throw new Error(`${file}: nothing at ${$ref}`);
    return { ...found, ...rest };
  });
}
