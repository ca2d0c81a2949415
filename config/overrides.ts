import { anyKind, type Node } from "./declare.js";
import { type Base, withAbsolutePaths } from "./paths.js";
import type { Problem } from "./problems.js";
import { schema } from "./schema.js";
import { assign, isTree, type Tree } from "./tree.js";
import { readYaml } from "./yaml.js";

export interface Overridden {
  readonly tree: Tree;
  readonly problems: readonly Problem[];
}

/** Not configuration: the tests' and set-up's own, and what Kubernetes sets for a Service that is called retort. */
const NOT_CONFIGURATION = /^RETORT_(TEST|SETUP|SERVICE|PORT|ORT)(_|$)/;

/**
 * `RETORT_MQTT_URL` for `mqtt.url`, `RETORT_INFERENCE_MAX_BATCH`, `RETORT_MODELS_PLATE_PATH`,
 * `RETORT_CAMERAS_CAM1_FPS` or `RETORT_CAMERAS_0_FPS`.
 * @param base where relative paths begin
 */
export function withEnvironment(tree: Tree, env: Readonly<Record<string, string | undefined>>, base: Base): Overridden {
  const problems: Problem[] = [];
  let result = tree;
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => a.localeCompare(b))) {
    if (value === undefined || !name.startsWith("RETORT_") || NOT_CONFIGURATION.test(name)) continue;
    const place = placeOfVariable(name.slice("RETORT_".length), schema, result);
    // A variable that is called RETORT_ and nothing else names no setting.
    if (place === null || place.path.length === 0) problems.push(unknown(name, "is not the name of a setting"));
    else result = set(result, place, value, { name, base, problems });
  }
  return { tree: result, problems };
}

/**
 * `mqtt.url=...`, `cameras.cam1.fps=5`, `cameras.0.fps=5`, `cameras[0].fps=5`.
 * @param base where relative paths begin
 */
export function withAssignments(tree: Tree, assignments: readonly string[], base: Base): Overridden {
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
    const place = placeOf(name.replace(/\[(\d+)\]/g, ".$1").split("."), schema, result);
    if (place === null) problems.push(unknown(name, "is not the path of a setting"));
    else result = set(result, place, value, { name, base, problems });
  }
  return { tree: result, problems };
}

/** Where a setting, a mapping or a list stands in the tree, items of lists by their number. */
interface Place {
  readonly path: readonly string[];
  readonly node: Node;
}

/** What stands below a node: as it is called, and as it is in the tree. */
interface Child {
  readonly name: string;
  readonly key: string;
  readonly node: Node;
  readonly value: unknown;
}

/** @returns null for a path that leads nowhere */
function placeOf([first, ...rest]: readonly string[], node: Node, value: unknown): Place | null {
  if (first === undefined) return { path: [], node };
  const child =
    node.kind === "names"
      ? { key: first, node: node.each, value: isTree(value) ? value[first] : undefined }
      : children(node, value).find(({ name }) => name === first);
  if (child === undefined) return null;
  return below(child, placeOf(rest, child.node, child.value));
}

/** Words of a variable's name against the keys at each depth; a key may be several words (`MAX_BATCH`). */
function placeOfVariable(words: string, node: Node, value: unknown): Place | null {
  if (words === "") return { path: [], node };
  const spelt = children(node, value).flatMap((child) =>
    [...new Set([spelling(child.name), child.name.toUpperCase()])].map((spelling) => ({ spelling, child })),
  );
  // Longer names first.
  for (const { spelling, child } of spelt.sort((a, b) => b.spelling.length - a.spelling.length)) {
    if (words !== spelling && !words.startsWith(`${spelling}_`)) continue;
    const place = placeOfVariable(words.slice(spelling.length + 1), child.node, child.value);
    if (place !== null) return below(child, place);
  }
  return null;
}

function below({ key }: Pick<Child, "key">, place: Place | null): Place | null {
  return place === null ? null : { ...place, path: [key, ...place.path] };
}

function children(node: Node, value: unknown): readonly Child[] {
  const tree = isTree(value) ? value : {};
  switch (node.kind) {
    case "leaf":
      return [];
    case "section":
      return Object.entries(node.keys).map(([key, child]) => ({ name: key, key, node: child, value: tree[key] }));
    case "variants":
      return children(anyKind(node), value);
    case "names":
      return Object.keys(tree).map((key) => ({ name: key, key, node: node.each, value: tree[key] }));
    case "list": {
      const items: readonly unknown[] = Array.isArray(value) ? value : [];
      const item = (name: string, index: number) => {
        return { name, key: String(index), node: node.each, value: items[index] };
      };
      return [
        ...items.flatMap((each, index) => (isTree(each) ? [item(String(each.id), index)] : [])),
        // One past the end adds an item.
        ...Array.from({ length: items.length + 1 }, (_, index) => item(String(index), index)),
      ];
    }
  }
}

interface Origin {
  /** As the user wrote it. */
  readonly name: string;
  readonly base: Base;
  readonly problems: Problem[];
}

function set(tree: Tree, { path, node }: Place, text: string, { name, base, problems }: Origin): Tree {
  const read = node.kind === "leaf" && node.format.text ? { value: text, faults: [] } : readYaml(text);
  if (read.faults.length > 0) {
    const message = `cannot be read: ${read.faults.map((fault) => fault.message).join("; ")}`;
    problems.push({ code: "CONFIG_SYNTAX", path: name, message, remedy: "Write the value as in YAML." });
    return tree;
  }
  const changed = assign(tree, path, withAbsolutePaths(node, read.value, base));
  return isTree(changed) ? changed : tree;
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
