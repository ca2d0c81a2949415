import convict from "convict";
import { maskText } from "./mask.js";
import type { Problem } from "./problems.js";
import {
  baseSchema,
  cameraSchema,
  isLeaf,
  modelSchema,
  type SchemaTree,
  sourceSchemas,
  sourceTypes,
} from "./schema.js";
import { isTree, join, type Tree } from "./tree.js";
import type { SourceType } from "./types.js";

/**
 * Holds a merged tree against the schema and fills in the defaults.
 * @returns a tree in the shape of `Config` where `problems` is empty; otherwise only the problems count.
 */
export function validate(tree: Tree, hostname: string): { readonly tree: Tree; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const { models, cameras, ...base } = tree;
  const checked = section(base, baseSchema(hostname), "", problems);
  return {
    tree: { ...checked, models: checkModels(models, problems), cameras: checkCameras(cameras, problems) },
    problems,
  };
}

function checkModels(models: unknown, problems: Problem[]): Tree {
  if (!isTree(models)) {
    problems.push(wrongShape("models", "must be a mapping of names to bundles"));
    return {};
  }
  return Object.fromEntries(
    Object.entries(models).map(([name, model]) => [name, checkModel(model, `models.${name}`, problems)]),
  );
}

function checkModel(value: unknown, path: string, problems: Problem[]): Tree {
  const { selfTest, ...model } = section(value, modelSchema, path, problems);
  if (!isTree(selfTest)) return model;
  const { path: bad, goodPath } = selfTest;
  if (bad === null && goodPath !== null) {
    const remedy = "Give path a folder of known-bad pictures: good ones alone show nothing.";
    const message = "there are no known-bad pictures beside it";
    problems.push({ code: "CONFIG_CONFLICT", path: `${path}.selfTest.goodPath`, message, remedy });
  }
  return bad === null ? model : { ...model, selfTest };
}

function checkCameras(cameras: unknown, problems: Problem[]): readonly Tree[] {
  if (!Array.isArray(cameras)) {
    problems.push(wrongShape("cameras", "must be a list"));
    return [];
  }
  return cameras.map((camera: unknown, index) => {
    const path = `cameras.${index}`;
    if (!isTree(camera)) {
      problems.push(wrongShape(path, "must be a mapping"));
      return {};
    }
    const { source, ...rest } = camera;
    return { ...section(rest, cameraSchema, path, problems), source: checkSource(source, `${path}.source`, problems) };
  });
}

function checkSource(source: unknown, path: string, problems: Problem[]): Tree {
  const type = isTree(source) ? source.type : undefined;
  if (!isTree(source) || !isSourceType(type)) {
    const remedy = `Give it a type: ${sourceTypes.join(", ")}.`;
    const at = isTree(source) ? `${path}.type` : path;
    const missing = source === undefined || (isTree(source) && type === undefined);
    problems.push(
      missing
        ? { code: "CONFIG_VALUE_MISSING", path: at, message: "is missing", remedy }
        : { code: "CONFIG_VALUE_INVALID", path: at, message: "is not a kind of source", remedy },
    );
    return {};
  }
  const { type: _, ...rest } = source;
  const checked = section(rest, sourceSchemas[type], path, problems);
  // What was left out is absent, not null: these properties are optional in types.ts.
  return { type, ...Object.fromEntries(Object.entries(checked).filter(([, value]) => value !== null)) };
}

function isSourceType(type: unknown): type is SourceType {
  return typeof type === "string" && (sourceTypes as readonly string[]).includes(type);
}

/** One convict instance over one mapping. */
function section(value: unknown, schema: SchemaTree, path: string, problems: Problem[]): Tree {
  if (!isTree(value)) {
    problems.push(wrongShape(path, "must be a mapping"));
    return {};
  }
  const known = withoutUnknown(value, schema, path, problems);
  const settings = convict<Tree>(withoutDefaults(schema)).load(defaultsOf(schema)).load(known);
  try {
    settings.validate({ allowed: "strict" });
  } catch (error) {
    for (const line of (error as Error).message.split("\n")) problems.push(problemOf(line, path));
  }
  return settings.getProperties();
}

/** convict tells unknown keys without a remedy, and overlooks empty ones: they are found here and taken out. */
function withoutUnknown(value: Tree, schema: SchemaTree, path: string, problems: Problem[]): Tree {
  const known: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const node = Object.hasOwn(schema, key) ? schema[key] : undefined;
    const at = join(path, key);
    if (node === undefined) {
      // No more than its first word: `{ password hunter2 }`, a colon forgotten, is a key too.
      const [word = ""] = /^[\w.-]*/.exec(key) ?? [];
      const shown = join(path, word === key ? key : `${word}...`);
      problems.push({
        code: "CONFIG_KEY_UNKNOWN",
        path: shown,
        message: "is not a known key",
        remedy: hint(key, schema),
      });
    } else if (isLeaf(node) && isTree(child)) {
      // Not convict's to see: it takes a mapping for a part of the schema, and fails.
      problems.push({
        code: "CONFIG_VALUE_INVALID",
        path: at,
        message: "must not be a mapping",
        remedy: "Give it one value.",
      });
    } else if (isLeaf(node)) known[key] = child;
    else if (isTree(child)) known[key] = withoutUnknown(child, node, at, problems);
    else problems.push(wrongShape(at, "must be a mapping"));
  }
  return known;
}

function hint(key: string, schema: SchemaTree): string {
  const names = Object.keys(schema);
  const wanted = key.toLowerCase();
  if (wanted === "password" && names.includes("passwordFile")) {
    return "Put the password into a file, and the file's name under passwordFile.";
  }
  const near = names.find((name) => name.toLowerCase() === wanted || distance(name.toLowerCase(), wanted) <= 2);
  if (near !== undefined) return `Did you mean ${near}?`;
  return names.length === 0 ? "Remove it." : `Known here: ${names.join(", ")}.`;
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

function problemOf(line: string, path: string): Problem {
  const [, key = "", message = line, value] = /^([\w.]+): (.*?)(?:: value was (.*))?$/s.exec(line) ?? [];
  const at = join(path, key);
  if (message === "is missing") {
    return { code: "CONFIG_VALUE_MISSING", path: at, message, remedy: "Give it a value." };
  }
  const shown = value === undefined ? message : `${message}, not ${maskText(value)}`;
  const credentials = value !== undefined && maskText(value) !== value;
  const remedy = credentials
    ? "Take user and password out of it: the user goes into username, the password into a file named by passwordFile."
    : "Change the value.";
  return { code: "CONFIG_VALUE_INVALID", path: at, message: shown, remedy };
}

function wrongShape(path: string, message: string): Problem {
  return { code: "CONFIG_VALUE_INVALID", path, message, remedy: "See config/example.yaml." };
}

/**
 * convict turns text into the type of the default ("80x" into 80, "no" into true), and a wrong type must be an error:
 * so it is given no defaults, they are loaded as the lowest layer instead. A copy, too: it changes what it is given.
 */
function withoutDefaults(schema: SchemaTree): convict.Schema<Tree> {
  const copies = Object.entries(schema).map(([key, node]) => [
    key,
    isLeaf(node) ? { ...node, default: null } : withoutDefaults(node),
  ]);
  return Object.fromEntries(copies) as convict.Schema<Tree>;
}

function defaultsOf(schema: SchemaTree): Tree {
  return Object.fromEntries(
    Object.entries(schema).map(([key, node]) => [key, isLeaf(node) ? node.default : defaultsOf(node)]),
  );
}
