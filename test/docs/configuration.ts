/** What is written about the configuration, made from its schema: config/example.yaml and the tables of the documents. */
import { stringify } from "yaml";
import type { Leaf, Node, Section } from "../../config/declare.js";
import { fileSchema } from "../../config/json-schema.js";
import { schema } from "../../config/schema.js";

const HEADER = `# An annotated configuration, with every setting. Check yours with:  npx retort check --config FILE
#
# Order of precedence: defaults < this file < environment < command line. Every value can be overridden:
#   RETORT_MQTT_URL=mqtt://broker            npx retort run --set mqtt.url=mqtt://broker
#   RETORT_CAMERAS_CAM1_FPS=5                npx retort run --set cameras.cam1.fps=5
# Relative paths begin at this file; those of the environment and the command line at the directory that the agent is started in.
#
# Made from config/schema.ts by \`npm run docs\`.
`;

const kinds = schema.keys.cameras.each.keys.source.kinds;

export function exampleYaml(): string {
  const { version, models, cameras, ...others } = fileSchema.keys;
  const { agent, mqtt, inference, ...rest } = others;
  const { source, ...camera } = cameras.each.keys;
  const { id, model, enabled, ...settings } = camera;
  const first = [
    ...keyLines({ id: { ...id, example: "cam1" }, model, enabled }),
    `source: { type: demo } # ${Object.keys(kinds).join(" | ")}`,
    ...keyLines(settings),
  ];
  return [
    HEADER,
    ...keyLines({ version }),
    "",
    ...Object.entries({ agent, mqtt }).flatMap(([key, node]) => [...nodeLines(key, node), ""]),
    `models: # ${models.doc}`,
    ...indented(["plate:", ...indented(keyLines(models.each.keys))]),
    "",
    ...nodeLines("inference", inference),
    "",
    `cameras: # ${cameras.doc}`,
    ...indented(item(first)),
    "",
    "  # The other kinds of source, each with all of its settings. Here they are switched off.",
    ...Object.entries(kinds).flatMap(([type, kind]) =>
      type === "demo" ? [] : indented(item(switchedOff(type, kind))),
    ),
    "",
    ...Object.entries(rest).flatMap(([key, node]) => [...nodeLines(key, node), ""]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function switchedOff(type: string, kind: Section): readonly string[] {
  const values = [`type: ${type} # ${kind.doc}`, ...keyLines(kind.keys)];
  return [`id: ${type}`, "model: plate", "enabled: false", "source:", ...indented(values)];
}

function item([first = "", ...rest]: readonly string[]): readonly string[] {
  return [`- ${first}`, ...indented(rest)];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** Lines that are comments, one level further in once they are none. */
function commented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace("# ", "#   "));
}

function keyLines(keys: Readonly<Record<string, Node>>): readonly string[] {
  return Object.entries(keys).flatMap(([key, node]) => nodeLines(key, node));
}

function nodeLines(key: string, node: Node): readonly string[] {
  if (node.kind === "section") {
    const lines = keyLines(node.keys);
    // A mapping of nothing would be none.
    const off = lines.every((line) => line.startsWith("# ")) ? "# " : "";
    return [`${off}${key}: # ${node.doc}`, ...(off === "" ? indented(lines) : commented(lines))];
  }
  if (node.kind !== "leaf") throw new Error(`${key} needs lines of its own`);
  // What has no default is written out, but for what null stands for: a value there would mean something.
  const off = node.nullable && !node.optional ? "# " : "";
  return [`${off}${key}: ${written(node)} # ${node.doc}`];
}

function written({ example, default: value }: Leaf): string {
  return yaml(example ?? value);
}

function yaml(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 })
    .trim()
    .replace(/^\[ (.*) \]$/, "[$1]");
}

/** The tables of docs/configuration.md, by the name of the place where each stands. */
export function configurationTables(): Readonly<Record<string, string>> {
  const header = ["| key | may be | default | |", "| --- | --- | --- | --- |"];
  return { configuration: [...header, ...rows(fileSchema.keys, "")].join("\n") };
}

/** The tables of docs/cameras.md. */
export function sourceTables(): Readonly<Record<string, string>> {
  const sources = Object.entries(kinds).map(([type, { doc, keys }]) => {
    const named = Object.entries(keys).flatMap(([key, node]) => (node.kind === "leaf" ? [withDefault(key, node)] : []));
    return `| \`${type}\` | ${doc} | ${named.join(", ")} |`;
  });
  return { sources: ["| `type` | | keys, with their defaults |", "| --- | --- | --- |", ...sources].join("\n") };
}

function withDefault(key: string, leaf: Leaf): string {
  if (leaf.default === null) return leaf.required ? `\`${key}\` (needed)` : `\`${key}\``;
  return `\`${key}: ${yaml(leaf.default)}\``;
}

/** @param ifAny whether they are keys of a mapping that need not be there */
function rows(keys: Readonly<Record<string, Node>>, prefix: string, ifAny = false): readonly string[] {
  return Object.entries(keys).flatMap(([key, node]) => rowsOf(node, `${prefix}${key}`, ifAny));
}

function rowsOf(node: Node, path: string, ifAny: boolean): readonly string[] {
  switch (node.kind) {
    case "leaf":
      return [`| \`${path}\` | ${cell(node.format.expected)} | ${defaultOf(node, ifAny)} | ${cell(node.doc)} |`];
    case "section":
      return rows(node.keys, `${path}.`, node.optional);
    case "names":
      return rows(node.each.keys, `${path}.<name>.`);
    case "list":
      return rows(node.each.keys, `${path}.<id>.`);
    case "variants":
      return [`| \`${path}\` | a mapping with a \`type\` | needed | see [cameras.md](cameras.md) |`];
  }
}

function defaultOf({ default: value, required, defaultShown }: Leaf, ifAny: boolean): string {
  if (defaultShown !== undefined) return defaultShown;
  if (value === null) return required && !ifAny ? "needed" : "none";
  return `\`${yaml(value)}\``;
}

/** Angle brackets would be tags, bars columns. */
function cell(text: string): string {
  return text
    .replace(/`[^`]*`|<[^>]*>/g, (part) => (part.startsWith("<") ? `\`${part}\`` : part))
    .replaceAll("|", "\\|");
}
