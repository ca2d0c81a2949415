import type { Damage } from "./store.js";

/** So many names of each kind are kept; the counts are complete. */
const MOST_NAMES = 100;

/** The damage that was found in a store, summed up by kind. */
export class DamageList {
  readonly #byKind = new Map<Damage["kind"], { count: number; what: Set<string> }>();

  /** False when the damage was known: a broken record is met at every reading. */
  add({ kind, count, what }: Damage): boolean {
    const known = this.#byKind.get(kind) ?? { count: 0, what: new Set<string>() };
    this.#byKind.set(kind, known);
    const news = what.filter((name) => !known.what.has(name));
    if (news.length === 0 && what.length > 0) return false;
    known.count += count;
    for (const name of news.slice(0, Math.max(0, MOST_NAMES - known.what.size))) known.what.add(name);
    return true;
  }

  list(): readonly Damage[] {
    return [...this.#byKind].map(([kind, { count, what }]) => ({ kind, count, what: [...what] }));
  }
}
