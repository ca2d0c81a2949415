import type { Problem } from "./problems.js";
import { baseSchema, cameraSchema, isLeaf, type Leaf, modelSchema, type SchemaTree, sourceSchemas } from "./schema.js";
import { assign, isTree, type Tree } from "./tree.js";
import { readYaml } from "./yaml.js";

export interface Overridden {
  readonly tree: Tree;
  readonly problems: readonly Problem[];
}

/** A camera's schema with every kind of source in it: which one it is may change with the same override. */
const anyCamera: SchemaTree = {
  ...cameraSchema,
  source: { type: sourceSchemas.gstreamer.launch!, ...Object.assign({}, ...Object.values(sourceSchemas)) },
};

/** Not configuration: the tests' and set-up's own, and what Kubernetes sets for a Service that is called retort. */
const notConfiguration = /^RETORT_(TEST|SETUP|SERVICE|PORT)(_|$)/;

/**
 * `RETORT_MQTT_URL` for `mqtt.url`, `RETORT_INFERENCE_MAX_BATCH`, `RETORT_MODELS_PLATE_PATH`,
 * `RETORT_CAMERAS_CAM1_FPS` or `RETORT_CAMERAS_0_FPS`.
 */
export function withEnvironment(tree: Tree, env: Readonly<Record<string, string | undefined>>): Overridden {
  const problems: Problem[] = [];
  let result = tree;
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => a.localeCompare(b))) {
    if (value === undefined || !name.startsWith("RETORT_") || notConfiguration.test(name)) continue;
    const path = pathOfVariable(name.slice("RETORT_".length), result);
    if (path === null) problems.push(unknown(name, "is not the name of a setting"));
    else result = set(result, path, value, name, problems);
  }
  return { tree: result, problems };
}

/** `mqtt.url=...`, `cameras.cam1.fps=5`, `cameras.0.fps=5`, `cameras[0].fps=5`. */
export function withAssignments(tree: Tree, assignments: readonly string[]): Overridden {
  const problems: Problem[] = [];
  let result = tree;
  for (const assignment of assignments) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    if (name === undefined || value === undefined) {
      const remedy = "Write it as --set mqtt.url=mqtt://broker.";
      // No more than what may be a path: the rest may be a secret.
      const path = /^[\w.[\]-]*/.exec(assignment)![0];
      problems.push({ code: "CONFIG_SYNTAX", path, message: "is not path=value", remedy });
      continue;
    }
    const path = resolve(name.replace(/\[(\d+)\]/g, ".$1").split("."), result);
    if (path === null) problems.push(unknown(name, "is not the path of a setting"));
    else result = set(result, path, value, name, problems);
  }
  return { tree: result, problems };
}

function set(tree: Tree, path: readonly string[], value: string, from: string, problems: Problem[]): Tree {
  const leaf = leafAt(path);
  if (leaf?.format.text) return assign(tree, path, value);
  const read = readYaml(value);
  if (read.faults.length === 0) return assign(tree, path, read.value);
  const message = `cannot be read: ${read.faults.map(({ message }) => message).join("; ")}`;
  problems.push({ code: "CONFIG_SYNTAX", path: from, message, remedy: "Write the value as in YAML." });
  return tree;
}

/** Camera ids become indices; null for a path that leads nowhere. */
function resolve(path: readonly string[], tree: Tree): readonly string[] | null {
  const [first, item, ...rest] = path;
  if (first !== "cameras" || item === undefined) return schemaAt(path) === null ? null : path;
  const index = cameraIndex(item, tree);
  return index === null || schemaAt(["cameras", "0", ...rest]) === null ? null : ["cameras", String(index), ...rest];
}

function cameraIndex(name: string, tree: Tree): number | null {
  const cameras: readonly unknown[] = Array.isArray(tree.cameras) ? tree.cameras : [];
  const byId = cameras.findIndex((camera) => isTree(camera) && camera.id === name);
  if (byId >= 0) return byId;
  // One past the end adds a camera.
  return /^\d+$/.test(name) && Number(name) <= cameras.length ? Number(name) : null;
}

function leafAt(path: readonly string[]): Leaf | null {
  const node = schemaAt(path);
  return node !== null && isLeaf(node) ? node : null;
}

function schemaAt(path: readonly string[]): Leaf | SchemaTree | null {
  let node: Leaf | SchemaTree = { ...baseSchema(""), models: {}, cameras: {} };
  for (const [depth, key] of path.entries()) {
    if (isLeaf(node)) return null;
    const list = path[0];
    if (depth === 1 && list === "models") node = modelSchema;
    else if (depth === 1 && list === "cameras") node = anyCamera;
    else if (Object.hasOwn(node, key)) node = node[key]!;
    else return null;
  }
  return node;
}

/** Words of a variable's name against the keys that exist at each depth; a key may be several words (`MAX_BATCH`). */
function pathOfVariable(words: string, tree: Tree): readonly string[] | null {
  const search = (rest: string, path: readonly string[]): readonly string[] | null => {
    // A variable that is called RETORT_ and nothing else names no setting.
    if (rest === "") return path.length === 0 ? null : path;
    for (const [spelt, key] of keysAt(path, tree)) {
      if (rest !== spelt && !rest.startsWith(`${spelt}_`)) continue;
      const found = search(rest.slice(spelt.length + 1), [...path, key]);
      if (found !== null) return found;
    }
    return null;
  };
  return search(words, []);
}

/** As spelt in a variable, and as in the tree; longer names first. */
function keysAt(path: readonly string[], tree: Tree): readonly (readonly [string, string])[] {
  const node = schemaAt(path);
  let keys: readonly (readonly [string, string])[] = [];
  if (path.length === 1 && path[0] === "models") {
    keys = Object.keys(isTree(tree.models) ? tree.models : {}).map((name) => [spelling(name), name]);
  } else if (path.length === 1 && path[0] === "cameras") {
    const cameras: readonly unknown[] = Array.isArray(tree.cameras) ? tree.cameras : [];
    keys = [
      ...cameras.flatMap((camera, index) =>
        isTree(camera) ? [[spelling(String(camera.id)), String(index)] as const] : [],
      ),
      ...Array.from({ length: cameras.length + 1 }, (_, index) => [String(index), String(index)] as const),
    ];
  } else if (node !== null && !isLeaf(node)) {
    keys = Object.keys(node).flatMap((key) => [[spelling(key), key] as const, [key.toUpperCase(), key] as const]);
  }
  return [...keys].sort(([a], [b]) => b.length - a.length);
}

function spelling(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]/g, "_")
    .toUpperCase();
}

function unknown(path: string, message: string): Problem {
  const remedy = "See config/example.yaml for the names; a camera is named by its id or its place in the list.";
  return { code: "CONFIG_KEY_UNKNOWN", path, message, remedy };
}
