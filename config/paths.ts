import { isAbsolute, resolve } from "node:path";
import { anyKind, type Node } from "./declare.js";
import type { Format, PathKind } from "./formats.js";
import { assign, isTree, itemName, join } from "./tree.js";

/** Where relative paths begin, and what is there. */
export interface Base {
  readonly folder: string;
  /** Retort's own: the shipped bundle is found from any folder. */
  readonly packageRoot: string;
  readonly exists: (path: string) => boolean;
}

/** A path that a configuration names. */
export interface NamedPath {
  /** Keys, items of lists by their number. */
  readonly at: readonly string[];
  /** As users call it: `cameras.cam1.source.path`. */
  readonly shown: string;
  readonly leadsTo: PathKind;
  readonly format: Format;
  readonly value: string;
}

/** Every path in a tree that may not be checked yet; what is of the wrong shape is passed over. */
export function pathsIn(node: Node, value: unknown, at: readonly string[] = [], shown = ""): readonly NamedPath[] {
  const below = (child: Node, each: unknown, key: string, name = key) =>
    pathsIn(child, each, [...at, key], join(shown, name));
  switch (node.kind) {
    case "leaf": {
      const { leadsTo, words = [] } = node.format;
      if (leadsTo === undefined || typeof value !== "string" || words.includes(value)) return [];
      return [{ at, shown, leadsTo, format: node.format, value }];
    }
    case "section": {
      if (!isTree(value)) return [];
      return Object.entries(node.keys).flatMap(([key, child]) => (key in value ? below(child, value[key], key) : []));
    }
    case "names":
      return isTree(value) ? Object.entries(value).flatMap(([name, each]) => below(node.each, each, name)) : [];
    case "list": {
      if (!Array.isArray(value)) return [];
      return value.flatMap((each, index) => below(node.each, each, String(index), itemName(value, index)));
    }
    case "variants": {
      const type = isTree(value) ? value.type : undefined;
      const known = typeof type === "string" && Object.hasOwn(node.kinds, type) ? node.kinds[type] : undefined;
      return pathsIn(known ?? anyKind(node), value, at, shown);
    }
  }
}

/** A text as it is, and made absolute where it is a relative path. */
export function absolutePath({ leadsTo, words = [] }: Format, value: string, base: Base): string {
  if (leadsTo === undefined || value === "" || words.includes(value)) return value;
  const path = resolve(base.folder, value);
  if (leadsTo !== "bundle" || isAbsolute(value) || base.exists(path)) return path;
  const shipped = resolve(base.packageRoot, value);
  return base.exists(shipped) ? shipped : path;
}

/** A copy with its relative paths made absolute. */
export function withAbsolutePaths(node: Node, value: unknown, base: Base): unknown {
  return pathsIn(node, value).reduce(
    (result, { at, format, value: path }) => assign(result, at, absolutePath(format, path, base)),
    value,
  );
}
