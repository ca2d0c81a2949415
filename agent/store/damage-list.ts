import type { Damage } from "./store.js";

/** Names that are kept of each kind; counts go on. */
const NAMED = 100;

/** What was found broken, summed up by kind. */
export class DamageList {
  readonly #byKind = new Map<Damage["kind"], { count: number; what: Set<string> }>();

  /** False when it was known: a record is met at every reading. */
  add({ kind, count, what }: Damage): boolean {
    const known = this.#byKind.get(kind) ?? { count: 0, what: new Set<string>() };
    this.#byKind.set(kind, known);
    const news = what.filter((name) => !known.what.has(name));
    if (news.length === 0 && what.length > 0) return false;
    known.count += count;
    for (const name of news.slice(0, Math.max(0, NAMED - known.what.size))) known.what.add(name);
    return true;
  }

  list(): readonly Damage[] {
    return [...this.#byKind].map(([kind, { count, what }]) => ({ kind, count, what: [...what] }));
  }
}
