/** A mapping as YAML gives it, before it is checked. */
export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** How an item of a list is called: by its id, where that is its own, else by its place. */
export function itemName(items: readonly unknown[], index: number): string {
  const ids = items.map((item) => (isTree(item) ? item.id : undefined));
  const id = ids[index];
  const own = typeof id === "string" && id !== "" && ids.indexOf(id) === ids.lastIndexOf(id);
  return own ? id : String(index);
}

/** A copy with one value replaced; missing mappings on the way are made. */
export function assign(node: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    const items: unknown[] = [...node];
    items[Number(key)] = assign(items[Number(key)], rest, value);
    return items;
  }
  const tree = isTree(node) ? node : {};
  return { ...tree, [key]: assign(tree[key], rest, value) };
}
